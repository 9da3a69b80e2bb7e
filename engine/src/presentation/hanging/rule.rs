//! Rules that single out series.

use serde::{Deserialize, Serialize};

use super::facts::{Laterality, SeriesFacts, SeriesOrientation};

/// Which studies a series is looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StudyChoice {
    /// What is read now.
    #[default]
    Current,
    /// An earlier one: 1 for the latest.
    Prior(u32),
    /// All that are open.
    Any,
}

impl StudyChoice {
    pub(super) fn includes(self, prior: u32) -> bool {
        match self {
            Self::Current => prior == 0,
            Self::Prior(wanted) => prior == wanted,
            Self::Any => true,
        }
    }

    pub(super) fn words(self) -> String {
        match self {
            Self::Current => "the current study".to_owned(),
            Self::Prior(1) => "the latest prior study".to_owned(),
            Self::Prior(n) => format!("prior study {n}"),
            Self::Any => "all open studies".to_owned(),
        }
    }
}

/// What a series must be; what is left out does not matter, a list asks for one of its values.
///
/// Texts are compared without case; parts of the body also without spaces, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeriesRule {
    /// Modality.
    pub modality: Vec<String>,
    /// Body Part Examined.
    pub body_part: Vec<String>,
    /// Words, one of which is in the series description, the protocol's name or the part of the body.
    pub words: Vec<String>,
    /// Words, none of which is there.
    pub without_words: Vec<String>,
    /// A value of Image Type.
    pub image_type: Vec<String>,
    /// Whether values are uptake.
    pub emission: Option<bool>,
    /// Whether there is a volume.
    pub volume: Option<bool>,
    /// Whether attenuation was corrected; a series that does not say is neither.
    pub attenuation_corrected: Option<bool>,
    /// How slices lie.
    pub orientation: Vec<SeriesOrientation>,
    /// View Position.
    pub view_position: Vec<String>,
    /// Side.
    pub laterality: Option<Laterality>,
    /// What one of its frames is seen from.
    pub frame_view: Vec<String>,
    /// Least number of slices or frames.
    pub images_at_least: Option<u32>,
    /// Most slices or frames.
    pub images_at_most: Option<u32>,
    /// Another series of the protocol, named before this one, whose frame of reference it shares.
    pub same_frame_of_reference_as: Option<String>,
    /// Another series named before this one, of the same part of the body; met by none that does not say its part.
    pub same_body_part_as: Option<String>,
    /// Another series named before this one, of the same description or protocol name.
    pub same_name_as: Option<String>,
}

/// A series that a rule may refer to by name.
pub(super) type Named<'a> = &'a dyn Fn(&str) -> Option<&'a SeriesFacts>;

/// A condition and how a sentence says it.
struct Condition {
    met: bool,
    words: String,
}

impl SeriesRule {
    /// Whether a series is what the rule asks for.
    pub(super) fn is_met(&self, series: &SeriesFacts, named: Named<'_>) -> bool {
        // Most series are told apart by this, without making sentences.
        if !self.modality.is_empty() && !self.modality.iter().any(|wanted| same(wanted, &series.modality)) {
            return false;
        }
        let conditions = self.conditions(series, named);
        conditions.iter().all(|condition| condition.met)
    }

    /// How many things it asks for: the more, the more special.
    #[must_use]
    pub fn specificity(&self) -> usize {
        self.conditions(&SeriesFacts::default(), &|_| None).len()
    }

    /// What it asks for, for a sentence: `PT, uptake, with a volume`.
    #[must_use]
    pub fn words(&self) -> String {
        let conditions = self.conditions(&SeriesFacts::default(), &|_| None);
        let words: Vec<_> = conditions.into_iter().map(|condition| condition.words).collect();
        if words.is_empty() {
            return "any".to_owned();
        }
        words.join(", ")
    }

    /// All that it asks for, one by one.
    fn conditions(&self, series: &SeriesFacts, named: Named<'_>) -> Vec<Condition> {
        let mut all = self.text_conditions(series);
        let mut add = |met: bool, words: String| all.push(Condition { met, words });
        let said = |yes: bool, with: &str, without: &str| if yes { with } else { without }.to_owned();
        if let Some(yes) = self.emission {
            add(series.is_emission == yes, said(yes, "uptake", "not uptake"));
        }
        if let Some(yes) = self.volume {
            add(
                series.has_volume == yes,
                said(yes, "with a volume", "without a volume"),
            );
        }
        if let Some(yes) = self.attenuation_corrected {
            let words = said(yes, "corrected for attenuation", "not corrected for attenuation");
            add(series.is_attenuation_corrected == Some(yes), words);
        }
        if !self.orientation.is_empty() {
            let words = format!("slices {:?}", self.orientation).to_lowercase();
            add(self.orientation.contains(&series.orientation), words);
        }
        if let Some(side) = self.laterality {
            let words = format!("side {side:?}").to_lowercase();
            add(series.laterality == Some(side), words);
        }
        if let Some(least) = self.images_at_least {
            add(series.images >= least, format!("at least {least} images"));
        }
        if let Some(most) = self.images_at_most {
            add(series.images <= most, format!("at most {most} images"));
        }
        if let Some(name) = &self.same_frame_of_reference_as {
            let met = named(name).is_some_and(|other| share_frame_of_reference(series, other));
            add(met, format!("in the frame of reference of {name}"));
        }
        if let Some(name) = &self.same_body_part_as {
            let part = plain(&series.body_part);
            let met = named(name).is_some_and(|other| !part.is_empty() && part == plain(&other.body_part));
            add(met, format!("of the part of the body of {name}"));
        }
        if let Some(name) = &self.same_name_as {
            let is_same = |a: &str, b: &str| !a.trim().is_empty() && same(a, b);
            let met = named(name).is_some_and(|other| {
                is_same(&series.description, &other.description)
                    || is_same(&series.protocol_name, &other.protocol_name)
            });
            add(met, format!("called as {name}"));
        }
        all
    }

    /// The other series that it speaks of.
    pub(super) fn references(&self) -> impl Iterator<Item = &str> {
        let all = [
            &self.same_frame_of_reference_as,
            &self.same_body_part_as,
            &self.same_name_as,
        ];
        all.into_iter().filter_map(|name| name.as_deref())
    }

    fn text_conditions(&self, series: &SeriesFacts) -> Vec<Condition> {
        let mut all = Vec::new();
        let mut one_of = |wanted: &[String], prefix: &str, met: &dyn Fn(&str) -> bool| {
            if !wanted.is_empty() {
                let met = wanted.iter().any(|text| met(text));
                let words = format!("{prefix}{}", wanted.join(" or "));
                all.push(Condition { met, words });
            }
        };
        let modality = |wanted: &str| same(wanted, &series.modality);
        one_of(&self.modality, "", &modality);
        let part = |wanted: &str| plain(wanted) == plain(&series.body_part);
        one_of(&self.body_part, "of ", &part);
        let texts =
            [&series.description, &series.protocol_name, &series.body_part].map(|text| text.to_lowercase());
        let has_word = |wanted: &str| texts.iter().any(|text| text.contains(&wanted.to_lowercase()));
        one_of(&self.words, "called ", &has_word);
        let image_type = |wanted: &str| series.image_type.iter().any(|found| same(found, wanted));
        one_of(&self.image_type, "image type ", &image_type);
        let position = |wanted: &str| {
            series
                .view_position
                .as_ref()
                .is_some_and(|found| same(found, wanted))
        };
        one_of(&self.view_position, "view position ", &position);
        let frame = |wanted: &str| series.frame_of(wanted).is_some();
        one_of(&self.frame_view, "with a frame seen from ", &frame);
        if !self.without_words.is_empty() {
            let met = !self.without_words.iter().any(|word| has_word(word));
            let words = format!("not called {}", self.without_words.join(" or "));
            all.push(Condition { met, words });
        }
        all
    }
}

/// Whether both say that they lie in one frame of reference.
pub(super) fn share_frame_of_reference(a: &SeriesFacts, b: &SeriesFacts) -> bool {
    a.frame_of_reference_uid.is_some() && a.frame_of_reference_uid == b.frame_of_reference_uid
}

fn same(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}

fn plain(part: &str) -> String {
    part.replace([' ', '_', '-'], "").to_ascii_uppercase()
}
