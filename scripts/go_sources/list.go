package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// listed is a package as `go list -json` describes it.
type listed struct {
	ImportPath, Name, Dir, Export string
	GoFiles, CgoFiles             []string
	ImportMap                     map[string]string
}

// list gives all packages of a program, each after those that it imports. It has no cgo.
func list(goos string, flags, patterns []string) (packages []*listed, err error) {
	// This toolchain's own command: the one on PATH may be another that switches.
	command := filepath.Join(runtime.GOROOT(), "bin", "go")
	args := append(append([]string{"list", "-deps", "-json"}, flags...), patterns...)
	cmd := exec.Command(command, args...)
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=0", "GOTOOLCHAIN=local")
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for decoder := json.NewDecoder(pipe); ; {
		pkg := new(listed)
		if err := decoder.Decode(pkg); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		packages = append(packages, pkg)
	}
	return packages, cmd.Wait()
}

// file is where a file of the package is; those that Go's command makes have their whole path.
func (pkg *listed) file(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(pkg.Dir, name)
}

// source is the import path that an import of `path` in the package means.
func (pkg *listed) source(path string) string {
	if mapped := pkg.ImportMap[path]; mapped != "" {
		return mapped
	}
	return path
}

func fail(program string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", program, err)
	os.Exit(1)
}
