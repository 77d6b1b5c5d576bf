/// Every error of this module tells its sentence as a `Text`, so who imports the module needs that as well.
@_exported import Wording
