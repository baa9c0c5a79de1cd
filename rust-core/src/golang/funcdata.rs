//! FUNCDATA and PCDATA: indices by version, pointer maps, stack objects.
