//! What a department sets for all its readers.

use crate::colormap::{DefaultPalettes, Role};
use crate::presentation::WindowPresets;
use crate::presentation::hanging::Protocol;

/// What a department sets for all its readers. It is the host's, as the source is: a log replays where it is the same.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Department {
    /// Its own hanging protocols: of equal fit they go before those that come with the engine, and of one name they are
    /// meant.
    pub protocols: Vec<Protocol>,
    /// Palettes by modality.
    pub palettes: DefaultPalettes,
    /// Windows by name and part of the body.
    pub windows: WindowPresets,
}

impl Department {
    /// The palette of a modality, where it is not the usual one.
    pub(super) fn own_palette(&self, modality: &str, role: Role) -> Option<String> {
        let own = self.palettes.palette(modality, role);
        (own != crate::colormap::default_for(modality, role)).then(|| own.to_owned())
    }
}
