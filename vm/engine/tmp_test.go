package engine_test
import ("testing";"time";"os")
func TestTmp(t *testing.T){
  g:=load(t,os.Getenv("K"))
  t0:=time.Now()
  x:=g.eng.Run(1<<60,false)
  d:=time.Since(t0)
  t.Logf("%s exit=%d a0=%d a7=%d icount=%d pc=%x fault=%+v %v %.0f M/s",os.Getenv("K"),x,g.cpu.R[10],g.cpu.R[17],g.cpu.Icount,g.cpu.PC,g.cpu.Mem.Fault,d,float64(g.cpu.Icount)/d.Seconds()/1e6)
}
