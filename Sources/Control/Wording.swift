/// Problems tell their sentence as a `Text`, so who imports the module needs that as well.
@_exported import Wording
