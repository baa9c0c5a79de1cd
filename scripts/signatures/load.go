package main

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
)

type options struct {
	only   *regexp.Regexp
	wanted map[string]bool
	cgo    bool
	tags   []string
	// release is what is built with, if it is not that of the GOROOT; main is the import path of the main package.
	release, main string
}

// module is a tree of packages below a path.
type module struct{ path, version, dir string }

// job reads one standard library, or some modules with one, for several systems.
type job struct {
	goroot  string
	systems []string
	modules []module
	options options
	minor   int
	release string
	fset    *token.FileSet
	files   map[string]*ast.File
	read    []*system
}

// system is everything that was found for one release, system and machine.
type system struct {
	job      *job
	goos     string
	goarch   string
	context  build.Context
	packages map[string]*checked
	nodes    *nodes
	found    []*found
	links    []link
}

// link is a function that the linker is told to give the name of another package's.
type link struct {
	target string
	def    definition
}

// checked is a package with what the type checker says of it.
type checked struct {
	path  string
	types *types.Package
	info  *types.Info
	files []*ast.File
	// withC are files that only builds with cgo have.
	withC []string
}

func (j *job) run() error {
	text, err := os.ReadFile(filepath.Join(j.goroot, "VERSION"))
	if err != nil {
		return err
	}
	j.release = strings.Fields(string(text))[0]
	if j.options.release != "" {
		j.release = j.options.release
	}
	digits := regexp.MustCompile(`^go1\.(\d+)`).FindStringSubmatch(j.release)
	if digits == nil {
		return fmt.Errorf("%s is no release", j.release)
	}
	j.minor, _ = strconv.Atoi(digits[1])
	j.fset, j.files = token.NewFileSet(), map[string]*ast.File{}
	for _, name := range j.systems {
		goos, goarch, _ := strings.Cut(name, "/")
		if !j.supports(goos, goarch) {
			continue
		}
		s := &system{job: j, goos: goos, goarch: goarch, packages: map[string]*checked{}, nodes: newNodes(j.options.main)}
		s.context = j.context(goos, goarch)
		paths, err := s.list()
		if err != nil {
			return err
		}
		for _, path := range paths {
			if p := s.check(path); p != nil {
				s.found = append(s.found, s.collect(p))
				s.collectCgo(p)
			}
		}
		s.link()
		s.packages = nil
		j.read = append(j.read, s)
		fmt.Fprintf(os.Stderr, "%s %s: %d packages\n", j.release, name, len(s.found))
	}
	j.files = nil
	return nil
}

// supports leaves out what a release does not build for (go tool dist list).
func (j *job) supports(goos, goarch string) bool {
	switch goos + "/" + goarch {
	case "darwin/arm64":
		return j.minor >= 16
	case "windows/arm64":
		return j.minor >= 17
	case "darwin/386":
		return j.minor <= 14
	}
	return true
}

func (j *job) context(goos, goarch string) build.Context {
	context := build.Default
	context.GOROOT, context.GOPATH = j.goroot, ""
	context.GOOS, context.GOARCH = goos, goarch
	context.CgoEnabled, context.Compiler = j.options.cgo, "gc"
	context.BuildTags, context.ToolTags, context.ReleaseTags = j.options.tags, j.toolTags(goos, goarch), nil
	for minor := 1; minor <= j.minor; minor++ {
		context.ReleaseTags = append(context.ReleaseTags, fmt.Sprintf("go1.%d", minor))
	}
	return context
}

// toolTags asks the release's own command which experiments are on (Go 1.17 and later).
func (j *job) toolTags(goos, goarch string) []string {
	cmd := exec.Command(filepath.Join(j.goroot, "bin", "go"), "list", "-f", `{{join context.ToolTags ","}}`, "runtime")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "GOTOOLCHAIN=local", "GOFLAGS=", "GO111MODULE=off",
		"GOROOT="+j.goroot)
	cmd.Dir = j.goroot
	out, err := cmd.Output()
	if err != nil {
		return nil
	}
	return words(strings.TrimSpace(string(out)))
}

// list finds all packages to read, in order.
func (s *system) list() ([]string, error) {
	roots := s.job.modules
	if roots == nil {
		roots = []module{{dir: filepath.Join(s.job.goroot, "src")}}
	}
	var paths []string
	for _, root := range roots {
		err := filepath.WalkDir(root.dir, func(dir string, entry os.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			below, _ := filepath.Rel(root.dir, dir)
			base := filepath.Base(dir)
			if dir != root.dir && (base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) {
				return filepath.SkipDir
			}
			if root.path == "" && below == "cmd" {
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil && dir != root.dir {
				return filepath.SkipDir
			}
			path := strings.TrimPrefix(root.path+"/"+filepath.ToSlash(below), "/")
			path = strings.TrimSuffix(path, "/.")
			if s.job.options.wants(path) {
				paths = append(paths, path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	sort.Strings(paths)
	return paths, nil
}

// dir is the folder of a package, empty if there is none.
func (s *system) dir(path string) string {
	best := module{}
	for _, m := range s.job.modules {
		if (path == m.path || strings.HasPrefix(path, m.path+"/")) && len(m.path) > len(best.path) {
			best = m
		}
	}
	if best.path != "" {
		return filepath.Join(best.dir, filepath.FromSlash(strings.TrimPrefix(path, best.path)))
	}
	dir := filepath.Join(s.job.goroot, "src", filepath.FromSlash(path))
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return dir
	}
	return ""
}

// Import resolves an import of a package; those of the standard library may be vendored.
func (s *system) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	for _, candidate := range []string{path, "vendor/" + path} {
		if p := s.check(candidate); p != nil {
			return p.types, nil
		}
	}
	// Up to Go 1.12 vendored packages are below golang_org, and imported by that name.
	return nil, fmt.Errorf("no package %s", path)
}

// check type-checks a package with the bodies of its functions; nil if there is none. Mistakes cost what has them.
func (s *system) check(path string) *checked {
	if p, known := s.packages[path]; known {
		return p
	}
	s.packages[path] = nil
	dir := s.dir(path)
	if dir == "" || path == "unsafe" {
		return nil
	}
	pkg, err := s.context.ImportDir(dir, 0)
	if err != nil && len(pkg.GoFiles)+len(pkg.CgoFiles) == 0 {
		return nil
	}
	p := s.typeCheck(path, dir, pkg)
	s.packages[path] = p
	if !s.context.CgoEnabled && len(pkg.IgnoredGoFiles) > 0 {
		withC := s.context
		withC.CgoEnabled = true
		if other, _ := withC.ImportDir(dir, 0); len(other.CgoFiles) > 0 || !slices.Equal(other.GoFiles, pkg.GoFiles) {
			p.withC = append(other.GoFiles, other.CgoFiles...)
		}
	}
	return p
}

func (s *system) typeCheck(path, dir string, pkg *build.Package) *checked {
	names := append(append([]string{}, pkg.GoFiles...), pkg.CgoFiles...)
	return s.typeCheckFiles(path, dir, names)
}

func (s *system) typeCheckFiles(path, dir string, names []string) *checked {
	var files []*ast.File
	sort.Strings(names)
	for _, name := range names {
		if file := s.job.parse(filepath.Join(dir, name)); file != nil {
			files = append(files, file)
		}
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}}
	config := types.Config{
		IgnoreFuncBodies: !s.isWanted(path),
		FakeImportC:      true,
		Importer:         s,
		Sizes:            types.SizesFor("gc", s.goarch),
		Error:            func(error) {},
	}
	p := &checked{path: path, info: info, files: files}
	p.types, _ = config.Check(path, s.job.fset, files, info)
	return p
}

// isWanted tells packages that are written from those that are only imported.
func (s *system) isWanted(path string) bool {
	in := len(s.job.modules) == 0
	for _, m := range s.job.modules {
		in = in || path == m.path || strings.HasPrefix(path, m.path+"/")
	}
	return in && s.job.options.wants(path)
}

func (o *options) wants(path string) bool {
	return o.only.MatchString(path) && (o.wanted == nil || o.wanted[path] || path == o.main)
}

// parse reads a file once for all systems.
func (j *job) parse(name string) *ast.File {
	if file, known := j.files[name]; known {
		return file
	}
	file, err := parser.ParseFile(j.fset, name, nil, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil && file == nil {
		file = nil
	}
	j.files[name] = file
	return file
}

func readModules(name string) ([]module, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	modules := []module{}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if parts := strings.Split(line, "\t"); len(parts) == 3 {
			modules = append(modules, module{parts[0], parts[1], parts[2]})
		}
	}
	return modules, nil
}

func readWanted(name string) (map[string]bool, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	wanted := map[string]bool{}
	for _, line := range strings.Fields(string(text)) {
		wanted[line] = true
	}
	return wanted, err
}
