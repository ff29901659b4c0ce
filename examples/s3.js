// Backs up straight into a bucket of S3 or of what speaks its protocol, and restores out of it. Nothing is kept on a disk between.
//
//   S3_ENDPOINT=http://127.0.0.1:4568 S3_BUCKET=backups AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… node examples/s3.js
import { Readable } from 'node:stream'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { createBackup, createOrbitDB, restoreBackup } from 'orbitdb-backup'
import { createNode } from './node.js'

const s3 = new S3Client({ endpoint: process.env.S3_ENDPOINT, region: 'us-east-1', forcePathStyle: true })
const object = { Bucket: process.env.S3_BUCKET, Key: 'posts.car' }

const ipfs = await createNode('./node/ipfs')
const orbitdb = await createOrbitDB({ ipfs, id: 'app', directory: './node/orbitdb' })
const db = await orbitdb.open('posts', { type: 'documents' })
await db.put({ _id: 'first', text: 'Hello' })

// The size is not known beforehand, so that it goes up in parts. What fails half way leaves no object
const backup = createBackup(db)
await new Upload({ client: s3, params: { ...object, Body: Readable.from(backup) } }).done()
console.log(`uploaded, root ${await backup.root}`)

// `root` makes sure that what comes down is what went up: keep it where the bucket's keys are not
const root = await backup.root
const { Body } = await s3.send(new GetObjectCommand(object))
const otherIpfs = await createNode('./other/ipfs')
const otherOrbitdb = await createOrbitDB({ ipfs: otherIpfs, id: 'other', directory: './other/orbitdb' })
const restored = await restoreBackup(otherOrbitdb, Body, { root, sync: false })
console.log((await restored.get('first')).value.text)

await orbitdb.stop()
await ipfs.stop()
await otherOrbitdb.stop()
await otherIpfs.stop()
