//! Method tables and itabs: code addresses with their func types.
