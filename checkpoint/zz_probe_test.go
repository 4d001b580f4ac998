package checkpoint_test
import ("testing";"time";"math";"strings";"github.com/dap-revexec/dap-revexec/testdata";"github.com/dap-revexec/dap-revexec/vm/linux")
func TestProbe(t *testing.T){
 for _, g := range testdata.Guests(){
  if g.Endless {continue}
  mk := testdata.Extract
  if g.Go() { mk = func(d,n string)(string,error){return testdata.BuildGo(d,n)} }
  exe, err := mk(t.TempDir(), g.Name)
  if err!=nil {t.Fatal(err)}
  var out, errs strings.Builder
  m, err := linux.New(linux.Config{Path: exe, Args: append([]string{g.Name}, g.Args...), Dir: t.TempDir(), Stdin: strings.NewReader(g.Stdin), Now: time.Unix(1e9,0), Seed: [32]byte{1}, Output: func(fd int, ic uint64, p []byte){ if fd==1 {out.Write(p)} else {errs.Write(p)}}})
  if err!=nil {t.Fatal(err)}
  st := time.Now()
  s := m.Run(math.MaxUint64, nil)
  x, _ := m.Exited()
  d := time.Since(st)
  st = time.Now(); m.Hash(); h := time.Since(st)
  st = time.Now(); m.Hash(); h2 := time.Since(st)
  sn := m.Snapshot()
  t.Logf("%-15s %v %v err=%v icount=%d want=%d ok=%v exit=%v (%d/%d) in %v threads=%d inputs=%d hash=%v %v pages=%d", g.Name, s.Reason, s.Signal, s.Err, m.Icount(), g.Instructions, out.String()==g.Expect() && errs.String()==g.Stderr, x, g.Exit,g.Signal, d, len(m.Threads()), m.Log().Len(), h, h2, len(sn.Dirty()))
  m.Close()
 }
}
