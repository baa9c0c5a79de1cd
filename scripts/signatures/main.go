// signatures writes a signature pack: what go/types says of the functions and types of packages, read from their sources.
// docs/signatures.md has the format.
//
//	go run . -o FILE [-j N] [-only REGEX] -std GOROOT... [-systems linux/amd64,...]
//	go run . -o FILE -modules LIST -goroot GOROOT [-systems linux/amd64] [-release go1.24.11] [-main PATH] [-cgo]
//		[-tags a,b] [-packages LIST]
//
// The first form reads standard libraries of any release from Go 1.9 on. The second reads modules: each line of LIST is
// a module path, its version and the folder that has it, with a tab between; -packages names the packages that are
// wanted, -release the one that they are built with, and -main the package that is the program's main one.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "signatures:", err)
		os.Exit(1)
	}
}

func run() error {
	out := flag.String("o", "", "the pack to write")
	workers := flag.Int("j", runtime.NumCPU(), "releases read at once")
	only := flag.String("only", "", "only packages that match")
	std := flag.Bool("std", false, "the arguments are GOROOTs, read their standard libraries")
	modules := flag.String("modules", "", "file with the modules to read")
	packages := flag.String("packages", "", "file with the packages that are wanted, one a line")
	goroot := flag.String("goroot", runtime.GOROOT(), "standard library that modules are read with")
	systems := flag.String("systems", "linux/amd64", "GOOS/GOARCH, with commas between")
	cgo := flag.Bool("cgo", false, "read files that import C")
	release := flag.String("release", "", "release that modules are built with, if it is not that of -goroot")
	program := flag.String("main", "", "import path of the program's main package")
	tags := flag.String("tags", "", "build tags, with commas between")
	flag.Parse()

	var jobs []*job
	names := strings.Split(*systems, ",")
	options := options{only: regexp.MustCompile(*only), cgo: *cgo, tags: words(*tags), release: *release, main: *program}
	if *std {
		for _, root := range flag.Args() {
			jobs = append(jobs, &job{goroot: root, systems: names, options: options})
		}
	} else {
		roots, err := readModules(*modules)
		if err != nil {
			return err
		}
		options.wanted, err = readWanted(*packages)
		if err != nil {
			return err
		}
		jobs = append(jobs, &job{goroot: *goroot, systems: names, options: options, modules: roots})
	}
	pack := newPack()
	if err := runJobs(jobs, *workers); err != nil {
		return err
	}
	for _, job := range jobs {
		for _, system := range job.read {
			pack.add(system)
		}
	}
	data := pack.encode()
	fmt.Fprintln(os.Stderr, pack.summary(len(data)))
	return os.WriteFile(*out, data, 0o644)
}

// runJobs reads releases side by side; what they found is used in the order in which they were asked for.
func runJobs(jobs []*job, workers int) error {
	errs := make([]error, len(jobs))
	slots := make(chan bool, workers)
	var wait sync.WaitGroup
	for i, job := range jobs {
		wait.Add(1)
		go func() {
			defer wait.Done()
			slots <- true
			errs[i] = job.run()
			<-slots
		}()
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func words(list string) []string {
	return strings.FieldsFunc(list, func(c rune) bool { return c == ',' })
}
