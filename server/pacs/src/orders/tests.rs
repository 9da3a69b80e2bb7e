//! Orders: validation, states, matching, import, the HTTP interface.
