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
//	collect.go   searches for all hits
//	parallel.go  several intervals at once, on replicas
//	store.go     the checkpoints: order, pages held, thinning
//	tiers.go     which of them are in memory: saving, cooling, loading, damage
//	archive.go   saves them on a goroutine of its own, and loads them
//	attach.go    where they are saved: a temporary file, a recording
//	saved.go     what a saved checkpoint looks like
//	pages.go     sets of pages
//	intervals.go what happened between checkpoints
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
// A search for all hits goes the same way, through each interval once. When it is to
// find some number of them, as many as there are in a hot loop, it looks at the newer
// half of an interval first, and ends there if that has enough.
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
// Only hot checkpoints are counted so. Those that come from one that has been loaded
// share pages with that one, not with those around them that have always been hot:
// they are counted as a row of their own (checkpoint.root). What has been read of
// loaded ones is counted by the page ([Stats.SavedBytes]), an upper bound.
//
// # Hot and cold
//
// Hot checkpoints have their snapshot in memory. When these take more than their part
// of [Config.MemoryCap], permanent ones are saved, in order and on a goroutine of
// their own, and become cold: those farthest from the current position and the
// frontier first. A cold one is loaded when a request starts from it; a replay that
// only passes it does not need it. Permanent ones that are laid later in a part of
// history that has been saved already are not saved: they stay hot, and may be thinned.
// The first, pinned ones, those that a request holds, and the one that the
// machine's dirty pages are relative to are never cold.
//
// What can't be read any more costs time only: a cold checkpoint that is damaged, or
// whose pages are, is dropped with those that need it, in the request that finds out,
// which then starts from an earlier one.
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
