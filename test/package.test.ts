// In one file, as both build the package, and files may be run at the same time
import './package/contents.ts'
import './package/installed.ts'
