import Foundation
import Linux

@testable import Images

/// Reads in a thread of this process: where a process has several threads, as that of these tests, its clones cannot do without system calls.
func readerInThread(_ task: ReaderTask, _ memory: SharedMemory) throws(Errno) -> ReaderProcess {
  var ours = try Channel.makePair()
  var theirs = try Channel.makePair()
  try theirs.second.become(ours.second)
  ours.second.close()
  theirs.first.close()
  nonisolated(unsafe) var loop: ReaderLoop? = ReaderLoop(task, memory, theirs)
  let hasEnded = DispatchSemaphore(value: 0)
  Thread.detachNewThread {
    loop?.run()
    // Closes its end of the channel.
    loop = nil
    hasEnded.signal()
  }
  return ReaderProcess(ours) {
    hasEnded.wait()
    return nil
  }
}

/// A store that reads in threads.
func testStore(at path: Path, warn: @escaping (String) -> Void = { _ in }) throws(ImageError) -> Store {
  try Store(at: path, warn: warn, startReader: readerInThread)
}
