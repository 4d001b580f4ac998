package checkpoint_test
import ("testing";"time";"math";"strings";"github.com/dap-revexec/dap-revexec/testdata";"github.com/dap-revexec/dap-revexec/vm/linux")
func TestProbe2(t *testing.T){
 for _, n := range []string{"signals","signals","signals"}{
  g,_ := testdata.Lookup(n)
  exe, err := testdata.Extract(t.TempDir(), g.Name)
  if err!=nil {t.Fatal(err)}
  var out,errs strings.Builder
  m, err := linux.New(linux.Config{Path: exe, Args: append([]string{g.Name}, g.Args...), Dir: t.TempDir(), Stdin: strings.NewReader(g.Stdin), Now: time.Unix(1700000000,0), Seed: [32]byte{1}, Output: func(fd int, ic uint64, p []byte){ if fd==1 {out.Write(p)} else {errs.Write(p)}}})
  if err!=nil {t.Fatal(err)}
  m.Run(math.MaxUint64, nil)
  t.Logf("%d %q", m.Icount(), errs.String())
  a, b := strings.Split(out.String(),"\n"), strings.Split(g.Expect(),"\n")
  for i := range max(len(a),len(b)) { x,y:="",""; if i<len(a){x=a[i]}; if i<len(b){y=b[i]}; if x!=y {t.Logf("%s %d: got %q want %q", n,i,x,y)}}
 }
}
