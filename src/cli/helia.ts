/*
 * What is used of Helia. It is in a file of its own so that it can be imported when it is needed, which
 * takes a second, and so that the rest of Helia is left out of the bundle.
 */
export { createHeliaLight } from 'helia'
