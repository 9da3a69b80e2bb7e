//! Which palette a modality is shown with when nobody has chosen.

use super::color_map::{ColorMap, ColorMapError};

/// What a volume does in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// It is shown by itself, or lies below others.
    Single,
    /// It is laid over another.
    Overlay,
}

/// A palette for a modality in a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultPalette {
    /// Modality (0008,0060): `PT`.
    pub modality: String,
    /// Where it is shown.
    pub role: Role,
    /// Name of the palette.
    pub palette: String,
}

/// Palettes by modality and role: ours, and over them those of a department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultPalettes {
    rows: Vec<DefaultPalette>,
}

/// Uptake is read dark on white alone and hot over anatomy; anatomy is grey.
const OURS: &[(&str, Role, &str)] = &[
    ("PT", Role::Single, "gray_inverted"),
    ("NM", Role::Single, "gray_inverted"),
    ("PT", Role::Overlay, "hot_iron"),
    ("NM", Role::Overlay, "hot_iron"),
    ("CT", Role::Overlay, "gray"),
    ("DX", Role::Overlay, "gray"),
    ("MR", Role::Overlay, "cyan"),
    ("US", Role::Overlay, "amber"),
];

impl Default for DefaultPalettes {
    fn default() -> Self {
        let row = |(modality, role, palette): &(&str, Role, &str)| DefaultPalette {
            modality: (*modality).to_owned(),
            role: *role,
            palette: (*palette).to_owned(),
        };
        Self {
            rows: OURS.iter().map(row).collect(),
        }
    }
}

impl DefaultPalettes {
    /// Takes a department's choices over these, later ones over earlier.
    ///
    /// # Errors
    ///
    /// [`ColorMapError::Unknown`] for a palette that does not exist; nothing is taken then.
    pub fn with(mut self, choices: impl IntoIterator<Item = DefaultPalette>) -> Result<Self, ColorMapError> {
        for choice in choices {
            ColorMap::named(&choice.palette)?;
            self.rows.retain(|row| {
                row.role != choice.role || !row.modality.eq_ignore_ascii_case(&choice.modality)
            });
            self.rows.push(choice);
        }
        Ok(self)
    }

    /// The palette's name for a modality in a role; for one that is not listed `gray` alone, `hot_iron` over
    /// another.
    #[must_use]
    pub fn palette(&self, modality: &str, role: Role) -> &str {
        let found = self
            .rows
            .iter()
            .find(|row| row.role == role && row.modality.eq_ignore_ascii_case(modality.trim()));
        match (found, role) {
            (Some(row), _) => &row.palette,
            (None, Role::Single) => "gray",
            (None, Role::Overlay) => "hot_iron",
        }
    }

    /// All rows that differ from the rule for modalities without a row.
    #[must_use]
    pub fn rows(&self) -> &[DefaultPalette] {
        &self.rows
    }
}

/// The palette's name for a modality in a role, of [`DefaultPalettes::default`].
///
/// ```
/// use engine::colormap::{Role, default_for};
/// assert_eq!(default_for("PT", Role::Single), "gray_inverted");
/// assert_eq!(default_for("PT", Role::Overlay), "hot_iron");
/// ```
#[must_use]
pub fn default_for(modality: &str, role: Role) -> &'static str {
    let found = OURS
        .iter()
        .find(|(row, at, _)| *at == role && row.eq_ignore_ascii_case(modality.trim()));
    match (found, role) {
        (Some((_, _, palette)), _) => palette,
        (None, Role::Single) => "gray",
        (None, Role::Overlay) => "hot_iron",
    }
}

#[cfg(test)]
mod tests {
    use super::{DefaultPalette, DefaultPalettes, OURS, Role, default_for};
    use crate::colormap::{ColorMap, ColorMapError};

    fn choice(palette: &str) -> DefaultPalette {
        DefaultPalette {
            modality: "pt".into(),
            role: Role::Overlay,
            palette: palette.into(),
        }
    }

    #[test]
    fn a_department_overrides_and_the_rest_stays() {
        let department = DefaultPalettes::default().with([choice("pet_20_step")]).unwrap();
        assert_eq!(department.palette("PT", Role::Overlay), "pet_20_step");
        assert_eq!(department.palette("NM", Role::Overlay), "hot_iron");
        assert_eq!(department.palette("PT", Role::Single), "gray_inverted");
        assert_eq!(department.rows().len(), OURS.len());
        let refused = DefaultPalettes::default().with([choice("vendor")]);
        assert_eq!(refused, Err(ColorMapError::Unknown("vendor".into())));
    }

    #[test]
    fn every_default_exists() {
        for modality in ["CT", "MR", "PT", "NM", "US", "XC", ""] {
            for role in [Role::Single, Role::Overlay] {
                let name = default_for(modality, role);
                assert_eq!(DefaultPalettes::default().palette(modality, role), name);
                assert!(ColorMap::named(name).is_ok(), "{name}");
            }
        }
    }
}
