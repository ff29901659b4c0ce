import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
// @ts-expect-error It has no types
import S3rver from 's3rver'

/** Runs a server of S3's protocol, with a bucket. */
export async function serveBucket (directory: string) {
  const server = new S3rver({ address: '127.0.0.1', port: 0, directory, silent: true })
  const { port } = await server.run()
  const endpoint = `http://127.0.0.1:${port}`
  const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: 'backups' }))
  return {
    env: { S3_ENDPOINT: endpoint, S3_BUCKET: 'backups', AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' },
    list: async () => (await client.send(new ListObjectsV2Command({ Bucket: 'backups' }))).Contents ?? [],
    close: async () => {
      client.destroy()
      await server.close()
    }
  }
}
