import OCI

@testable import Runtime

/// The record of a container: what is taken is written and read again unchanged.
func fuzzRecord(_ input: [UInt8]) {
  let record: ContainerRecord
  do throws(RuntimeError) {
    record = try ContainerRecord(parsing: input)
  } catch { return requireLine(error.message) }
  do throws(RuntimeError) {
    require(try ContainerRecord(parsing: record.json).json == record.json, "a record is read as it was written")
  } catch { fatalError("a record that was written is refused: \(error.message)") }
}

/// The state of a container, in both layouts.
func fuzzState(_ input: [UInt8]) {
  let state: ContainerState
  do throws(SpecError) {
    state = try ContainerState(parsing: input)
  } catch { return requireLine(error.message) }
  do throws(SpecError) {
    require(try ContainerState(parsing: state.document()) == state, "a state is read as it was written")
    let line = state.compactDocument()
    require(!line.contains(0x0A), "the state for a hook is one line")
    require(try ContainerState(parsing: line) == state, "a state is read as it was written in one line")
  } catch { fatalError("a state that was written is refused: \(error.message)") }
}
