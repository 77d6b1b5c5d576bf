/// `SpecError` tells its place and its reason as `Text`, so who imports the module needs that as well.
@_exported import Wording
