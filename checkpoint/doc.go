// Package checkpoint is the timeline of a [vm.Machine]: it keeps checkpoints
// (snapshots under their icount) while the machine runs, can put the machine at
// any icount in [0, frontier], and searches backwards.
//
// It knows nothing of debug information or protocols and never looks inside the
// guest: what to search for is a [vm.Stops].
//
// # Concurrency
//
// A Timeline and its machine belong to one goroutine, the session's engine
// goroutine. Requests are cancelled through their context, from any goroutine.
package checkpoint
