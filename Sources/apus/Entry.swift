@c(apus_main)
public func entry(_ count: Int32, _ arguments: UnsafePointer<UnsafePointer<CChar>?>) -> Int32 { 0 }
