//! pclntab: the function table.
