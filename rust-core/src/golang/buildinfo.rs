//! Build info: version, module, dependencies, settings.
