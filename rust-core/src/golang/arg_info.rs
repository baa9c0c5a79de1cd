//! FUNCDATA_ArgInfo: the parameters' pieces in memory.
