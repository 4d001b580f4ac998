package values

import "github.com/dap-revexec/dap-revexec/vm"

func vmGroup(i int) vm.RegGroup { return vm.RegGroup(i) }
