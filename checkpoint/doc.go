// Package checkpoint is the timeline of a [vm.Machine]: it keeps checkpoints
// (snapshots under their icount) while the machine runs, can put the machine at
// any icount in [0, frontier], and searches backwards.
//
// It knows nothing of debug information or protocols and never looks inside the
// guest: what to search for is a [vm.Stops].
//
// # How the parts meet
//
//	timeline.go  what the package offers: Timeline, Config, Stats
//	request.go   a request's life: cancellation, progress, the way home
//	run.go       the only place that runs the machine: slices between checkpoints
//	pace.go      measures replay speed, decides the spacing
//	seek.go      to an icount: restore, replay, temporary checkpoints on the way
//	forward.go   forward with stops: replay, then live
//	back.go      backward search: what can be asked, and the answer
//	search.go    which intervals are looked at, in which order
//	index.go     which intervals need not be looked at
//	inside.go    passing over whole calls
//	scan.go      looks for the last hit in an interval
//	parallel.go  several intervals at once, on replicas
//	store.go     the checkpoints: order, pages held, thinning
//	tiers.go     which of them are in memory: saving, cooling, loading, damage
//	archive.go   saves them on a goroutine of its own, and loads them
//	attach.go    where they are saved: a temporary file, a recording
//	saved.go     what a saved checkpoint looks like
//	pages.go     sets of pages
//	host.go      how much memory there is
//
// # Checkpoints
//
// Permanent checkpoints are laid every [Stats.Spacing] instructions, whenever
// the machine runs where there are none. Temporary ones are laid around the
// place a request looks at, ever more densely towards it, so that the next
// request nearby replays little; a small budget of them is kept, those near the
// current position longest. Where checkpoints are never changes what a request
// answers, only how long it takes.
//
// # Searching
//
// A backward search goes from interval to interval, the newest first. Of most it
// knows without replaying them that they hold nothing: the machine tells what it has
// done in each ([vm.Activity]), earlier searches for the same data have found nothing
// there, or all of it lies within a call that the question leaves out. The
// others are replayed to find the last hit in each, several at once where there are
// processors. Whatever is passed over, and whoever is first, the answer is that
// of the plain search, which replays everything from the newest interval to the oldest.
//
// # What memory is counted
//
// A snapshot shares every page with its predecessor but those that were written
// between them (its dirty pages, [vm.Snapshot.Dirty]). So the page versions that
// checkpoints keep alive are as many as the dirty pages of all checkpoints
// together. Dropping checkpoint k frees those pages that were written again
// before checkpoint k+1, the intersection of the dirty pages of k and k+1; the
// union becomes the dirty pages of k+1.
//
// The count of versions is exact, up to pages that the guest unmaps: they stay
// counted until a checkpoint after it is dropped. As a record of what was
// written between two neighbouring checkpoints the dirty pages are exact where
// both were laid in one run, and an upper bound when the earlier one was laid
// later, while replaying the interval: its own dirty pages are then still among
// those of its successor (whose copies of them are its own, so the count of
// versions holds).
//
// # Concurrency
//
// A Timeline and its machine belong to one goroutine, the session's engine
// goroutine. Requests are cancelled through their context, from any goroutine;
// that context is the only thing that interrupts them. Progress callbacks and
// filters run on the engine goroutine and must not call the Timeline's requests. The
// exception are filters that allow it ([vm.Stops].Anywhere): a search asks them on
// the goroutines of its workers, too. No two callbacks run at a time, and when a
// request returns no worker runs any more. A worker has a machine and checkpoints of
// its own; with the timeline's it shares snapshots and the input log, which nobody
// writes to meanwhile.
package checkpoint
