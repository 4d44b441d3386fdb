// Only the pin and its sum: FerretDB is built from a copy with its own go.mod, because the module lacks two files.
module rig/ferretdb

go 1.26.0

require github.com/FerretDB/FerretDB v1.24.0
