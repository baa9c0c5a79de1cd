module signatures

go 1.23
