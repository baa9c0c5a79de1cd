//! moduledata: where everything else is.
