// Mocha lets rejections that nobody handles pass; in an app they end the process
process.on('unhandledRejection', (error) => {
  console.error('Unhandled rejection:', error)
  process.exit(1)
})
