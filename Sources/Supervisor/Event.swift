/// Something that has happened. What is about a run of a service names it by its number, so that news of an earlier run is not taken for the present one's.
public enum Event {
  /// Its first process runs.
  case started(run: UInt64)
  /// It has said that it is ready.
  case ready(run: UInt64)
  /// Nothing is left of it.
  case ended(run: UInt64, End)
  /// Its monitor is gone: it is not known what becomes of it.
  case lost(run: UInt64)
  case paused(run: UInt64)
  case resumed(run: UInt64)
  /// The health check of it has ended, also after it was killed; `exit` is 0 when it is healthy, -1 when the check could not be run.
  case checked(run: UInt64, exit: Int32, output: [UInt8])
  /// By its user; nil: all services.
  case start(service: String?)
  case stop(service: String?)
  case restart(service: String?)
  /// The application is to be as in another manifest. `replaced` are the services whose container that changes.
  case update(StartOrder, replaced: [String])
  /// The device or the supervisor ends, and nothing starts any more.
  case shutDown
}
