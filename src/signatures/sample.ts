import { fromString } from 'uint8arrays/from-string'

/** A signature to try out what checks signatures: that of data by a key, and not of other data. */
export const sample = {
  signature: fromString('3045022100f3df88a687f072792717739f7b7a6056357dc4466acda837ae142a251037e62d022051357e658bca575b100160e99e09b9fad1b816d297d97c46250b8a68a7cbb814', 'base16'),
  publicKey: '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
  data: fromString('orbitdb-backup'),
  otherData: fromString('orbitdb')
}
