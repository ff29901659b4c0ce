/* What is used of yaml, which is no ES module: a bundle has its names only where they are imported by name. */
export { parseDocument } from 'yaml'
