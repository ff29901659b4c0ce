/** A test of what Windows has not: signals that a program can handle, named pipes, limits of the shell. */
export const itOnPosix = process.platform === 'win32' ? it.skip : it
