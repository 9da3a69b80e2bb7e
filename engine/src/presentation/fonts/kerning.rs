//! Spaces between pairs of letters (OpenType GPOS, feature `kern`).

use read_fonts::TableProvider;
use read_fonts::model::Font;
use read_fonts::tables::gpos::{Gpos, PairPos, PositionSubtables};
use read_fonts::types::{GlyphId16, Tag};

/// Which lookups of the font's GPOS table are its kerning.
///
/// Those of all scripts: Latin letters and Chinese characters stand in one line, and fonts give both the same.
pub(super) struct Kerning {
    lookups: Vec<u16>,
}

impl Kerning {
    pub(super) fn of(font: &Font) -> Self {
        let mut lookups = font
            .tables()
            .gpos()
            .map_or_else(|_| Vec::new(), |gpos| kern_lookups(&gpos));
        lookups.sort_unstable();
        lookups.dedup();
        Self { lookups }
    }

    /// What is added between two glyphs, in the font's units.
    pub(super) fn between(&self, font: &Font, left: u32, right: u32) -> i16 {
        let glyphs = [left, right].map(|glyph| u16::try_from(glyph).map(GlyphId16::new));
        let [Ok(left), Ok(right)] = glyphs else {
            return 0;
        };
        if self.lookups.is_empty() {
            return 0;
        }
        let Ok(lookups) = font.tables().gpos().and_then(|gpos| gpos.lookup_list()) else {
            return 0;
        };
        let adjusted = self.lookups.iter().filter_map(|index| {
            let lookup = lookups.lookups().get(usize::from(*index)).ok()?;
            let PositionSubtables::Pair(pairs) = lookup.subtables().ok()? else {
                return None;
            };
            // The first subtable that knows the pair decides for its lookup.
            pairs.iter().find_map(|pair| advance(&pair.ok()?, left, right))
        });
        adjusted.fold(0, i16::saturating_add)
    }
}

fn kern_lookups(gpos: &Gpos<'_>) -> Vec<u16> {
    let Ok(features) = gpos.feature_list() else {
        return Vec::new();
    };
    let data = features.offset_data();
    features
        .feature_records()
        .iter()
        .filter(|record| record.feature_tag() == Tag::new(b"kern"))
        .filter_map(|record| record.feature(data).ok())
        .flat_map(|feature| {
            feature
                .lookup_list_indices()
                .iter()
                .map(|index| index.get())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// What a table adds to the advance of the left glyph; `None` when it does not know the pair.
fn advance(pair: &PairPos<'_>, left: GlyphId16, right: GlyphId16) -> Option<i16> {
    let advance = match pair {
        PairPos::Format1(table) => {
            let index = table.coverage().ok()?.get(left)?;
            let set = table.pair_sets().get(index as usize).ok()?;
            set.find_pair_value_record(right)?.value_record1().x_advance()
        }
        PairPos::Format2(table) => {
            table.coverage().ok()?.get(left)?;
            let first = u16::try_from(table.class_def1().ok()?.get(left)).ok()?;
            let second = u16::try_from(table.class_def2().ok()?.get(right)).ok()?;
            let [record, _] = table.value_record_refs(first, second)?;
            record.x_advance()
        }
        // Of fonts with more than 65535 glyphs: their pairs stay as far apart as their advances say.
        PairPos::Format3(_) | PairPos::Format4(_) => return None,
    };
    Some(advance.unwrap_or(0))
}
