// Sorting for a program that has to be small: the standard library's sort is compiled anew for each kind of element, some 2 KB each. Here only indices are
// sorted.

/// The indices of `keys` in ascending order of the bytes; equal keys keep their order.
@inline(never)
public func order(of keys: [ArraySlice<UInt8>]) -> [Int] { indices(keys.count) { keys[$0].lexicographicallyPrecedes(keys[$1]) } }

extension Array {
  /// The elements in ascending order of the bytes of their keys; those with equal keys keep their order.
  public func sorted(byBytesOf key: (Element) -> ArraySlice<UInt8>) -> [Element] { order(of: map(key)).map { self[$0] } }

  /// The elements in ascending order of the bytes of their names; those with equal names keep their order.
  public func sorted(byNames name: (Element) -> String) -> [Element] { sorted(byBytesOf: { Array<UInt8>(name($0).utf8)[...] }) }
}

/// The place of a key among `count` ones in ascending order of their bytes, of which `at` gives one; nil when it is none of them. In log n: `Set` would link the
/// Unicode tables and a source of random numbers.
@inline(never)
public func place(of key: ArraySlice<UInt8>, among count: Int, _ at: (Int) -> ArraySlice<UInt8>) -> Int? {
  var low = 0
  var high = count
  while low < high {
    let middle = (low + high) / 2
    if at(middle).lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
  }
  return low < count && at(low).elementsEqual(key) ? low : nil
}

extension Array where Element == UInt64 {
  /// Where a number is in an ascending list, or where it belongs if it is not there.
  @inline(never)
  public func place(of number: UInt64) -> (index: Int, isThere: Bool) {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < number { low = middle + 1 } else { high = middle }
    }
    return (low, low < count && self[low] == number)
  }
}

extension Array where Element: FixedWidthInteger {
  /// The numbers in ascending order.
  public func ascending() -> [Element] { Wording.indices(count) { self[$0] < self[$1] }.map { self[$0] } }
}

/// The indices below `count`, sorted by a heap (Williams 1964): n log n in every case. Of equal ones the smaller index comes first.
@inline(never)
public func indices(_ count: Int, _ isBefore: (Int, Int) -> Bool) -> [Int] {
  func precedes(_ left: Int, _ right: Int) -> Bool { isBefore(left, right) || (left < right && !isBefore(right, left)) }
  var heap = Array(0..<count)
  var unordered = count / 2
  var end = count
  while end > 1 {
    // First the heap is made, from its last parent to its root; then its root, the last of all in order, goes to the end again and again.
    if unordered > 0 {
      unordered -= 1
    } else {
      end -= 1
      heap.swapAt(0, end)
    }
    var parent = unordered
    while 2 * parent + 1 < end {
      var child = 2 * parent + 1
      if child + 1 < end, precedes(heap[child], heap[child + 1]) { child += 1 }
      if !precedes(heap[parent], heap[child]) { break }
      heap.swapAt(parent, child)
      parent = child
    }
  }
  return heap
}
