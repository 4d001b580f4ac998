package gdbstub

import (
	"fmt"
	"strings"

	"github.com/dap-revexec/dap-revexec/adapter/linkmap"
)

// The list of libraries. Clients find it in the guest's memory by themselves, with
// many small reads at each stop in the dynamic loader; this object spares them
// that ("Debugging with GDB", appendix "Library List Format for SVR4 Targets").
// Where a library lies in history is the client's business: it puts breakpoints
// where the loader tells debuggers of changes, and asks anew when it meets them, in
// either direction.

// librariesObject lists the loaded libraries as they are at the current position.
func (s *session) librariesObject(string) (string, bool) {
	var b strings.Builder
	b.WriteString(`<library-list-svr4 version="1.0"`)
	objects := s.libraries()
	if len(objects) > 0 && objects[0].Name == "" {
		fmt.Fprintf(&b, ` main-lm="%#x"`, objects[0].Addr)
		objects = objects[1:]
	}
	b.WriteString(">\n")
	for _, o := range objects {
		if o.Name == "" { // the executable's, again, in another namespace
			continue
		}
		fmt.Fprintf(&b, `  <library name="%s" lm="%#x" l_addr="%#x" l_ld="%#x" lmid="%#x"/>`+"\n", xmlText(o.Name), o.Addr, o.Bias, o.Dynamic, o.Namespace)
	}
	b.WriteString("</library-list-svr4>\n")
	return b.String(), true
}

// libraries reads the dynamic loader's list, empty while there is none.
func (s *session) libraries() []linkmap.Object {
	dynamic, ok := linkmap.Dynamic(s.m, s.m.Image().Auxv)
	if !ok {
		return nil
	}
	objects, err := linkmap.Read(s.m, dynamic)
	if err != nil && err != linkmap.ErrNone {
		s.log.Debug().Err(err).Msg("libraries")
	}
	return objects
}

// hostPath finds the file on the host that a client means by a path in the guest's
// world: only the program, its dynamic loader and what is mapped of files, as that
// is what a debugger needs.
func (s *session) hostPath(path string) (string, bool) {
	im := s.m.Image()
	if path == im.Path || path != "" && path == im.Interp {
		return path, true
	}
	list := s.m.Mappings()
	for _, m := range list {
		if m.Name == path && isFileName(m.Name) {
			return path, true
		}
	}
	// A name that the loader has for a file that lies elsewhere on the host.
	if im.Interp != "" && path != "" && strings.HasSuffix(im.Interp, path) {
		return im.Interp, true
	}
	for _, o := range s.libraries() {
		if o.Name != path {
			continue
		}
		for _, m := range list {
			if m.Start <= o.Dynamic && o.Dynamic < m.End && isFileName(m.Name) {
				return m.Name, true
			}
		}
	}
	return "", false
}

// isFileName tells a mapped file from "[stack]" and the like.
func isFileName(name string) bool { return name != "" && name[0] == '/' }
