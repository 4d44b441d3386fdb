module github.com/imbundle/imbundle/testdata/rig

go 1.26
