//! Hanging: which protocol fits, and what goes where.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::HangingError;
use super::facts::{Facts, SeriesFacts, SeriesIndex};
use super::hung::{Content, Empty, Hung, HungLayer, HungView, Shown};
use super::look::Look;
use super::protocol::{LayerRule, NamedSeries, Protocol, Rule, ViewRule, WindowRule};
use super::rule::share_frame_of_reference;
use crate::colormap::{DefaultPalettes, Role};
use crate::presentation::WindowPresets;

/// Share of overlays where neither protocol nor look says one.
const EVEN: f64 = 0.5;

/// What decides where a protocol leaves a choice open.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Preferences {
    /// The reader's manner of working; it goes before the two others.
    pub look: Option<Look>,
    /// The department's palettes.
    pub palettes: DefaultPalettes,
    /// The department's windows.
    pub windows: WindowPresets,
}

/// Hangs what is open by the protocol that fits best.
///
/// What shows series of more of the studies fits best, then what asks for most, of equal ones the first: a
/// department puts its own first.
///
/// ```
/// use engine::presentation::hanging::{self, Facts, Preferences, SeriesFacts, StudyFacts};
/// let ct = SeriesFacts { modality: "CT".into(), has_volume: true, images: 300, ..Default::default() };
/// let facts = Facts { studies: vec![StudyFacts { prior: 0, series: vec![ct] }], screens: vec![] };
/// let hung = hanging::hang(&facts, &hanging::protocols(), &Preferences::default())?;
/// assert_eq!(hung.protocol, "ct");
/// # Ok::<(), hanging::HangingError>(())
/// ```
///
/// # Errors
///
/// [`HangingError::NoProtocol`] when none fits.
pub fn hang(facts: &Facts, protocols: &[Protocol], preferences: &Preferences) -> Result<Hung, HangingError> {
    let mut fitting: Vec<(Fit, &Rule, Found<'_>)> = protocols
        .iter()
        .map(|protocol| Found::new(protocol, facts))
        .filter_map(|found| found.best_rule().map(|(fit, rule)| (fit, rule, found)))
        .collect();
    // A stable sort: of equal scores the first stays first.
    fitting.sort_by_key(|(fit, ..)| Reverse(*fit));
    let Some((fit, rule, best)) = fitting.first() else {
        return Err(HangingError::NoProtocol(open(facts)));
    };
    let others: Vec<_> = fitting[1..]
        .iter()
        .map(|(fit, _, found)| format!("{} ({})", found.protocol.name, fit.conditions))
        .collect();
    let mut reason = format!(
        "{} fits best, all {} of its conditions are met by {}",
        best.protocol.name,
        fit.conditions,
        best.words(rule)
    );
    if facts.studies.len() > 1 {
        reason += &format!("; it needs {} of {} studies", fit.studies, facts.studies.len());
    }
    if !others.is_empty() {
        reason += &format!("; {} fit too", others.join(", "));
    }
    Ok(best.hung(preferences, reason))
}

/// What is open, for a sentence.
fn open(facts: &Facts) -> String {
    let study = |study: &super::StudyFacts| {
        let modalities = study.modalities().join(", ");
        match (modalities.is_empty(), study.prior) {
            (true, _) => "a study without series".to_owned(),
            (false, 0) => format!("current {modalities}"),
            (false, prior) => format!("prior {prior} {modalities}"),
        }
    };
    let studies: Vec<_> = facts.studies.iter().map(study).collect();
    if studies.is_empty() {
        return "no study".to_owned();
    }
    studies.join("; ")
}

/// How well a protocol fits: what is larger fits better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    /// Studies that the needed series are of.
    studies: usize,
    /// What is asked for.
    conditions: usize,
}

/// A protocol and the series that it speaks of, in its order.
struct Found<'a> {
    protocol: &'a Protocol,
    facts: &'a Facts,
    series: Vec<Option<SeriesIndex>>,
}

impl<'a> Found<'a> {
    fn new(protocol: &'a Protocol, facts: &'a Facts) -> Self {
        let mut found = Self {
            protocol,
            facts,
            series: Vec::with_capacity(protocol.series.len()),
        };
        for named in &protocol.series {
            found.series.push(found.best(named));
        }
        found
    }

    /// The series of a name, of those found so far.
    fn index(&self, name: &str) -> Option<SeriesIndex> {
        let at = self.protocol.series.iter().position(|named| named.name == name)?;
        *self.series.get(at)?
    }

    fn facts_of(&self, name: &str) -> Option<&'a SeriesFacts> {
        self.facts.series(self.index(name)?)
    }

    /// The series that fits a name best.
    fn best(&self, named: &NamedSeries) -> Option<SeriesIndex> {
        let known = |name: &str| self.facts_of(name);
        let taken: Vec<_> = named
            .other_than
            .iter()
            .filter_map(|name| self.index(name))
            .collect();
        let fits = |(at, series): &(SeriesIndex, &SeriesFacts)| {
            !taken.contains(at) && named.is.is_met(series, &known)
        };
        let rank = |(_, series): &(SeriesIndex, &SeriesFacts)| {
            let misses: Vec<bool> = named
                .prefer
                .iter()
                .map(|rule| !rule.is_met(series, &known))
                .collect();
            (misses, Reverse(series.images))
        };
        // The smallest of equal ranks is the first.
        let all = self.facts.all(|prior| named.study.includes(prior));
        all.filter(fits).min_by_key(rank).map(|(at, _)| at)
    }

    /// The rule that fits best of those that are met, of equal ones the first, and how well.
    fn best_rule(&self) -> Option<(Fit, &'a Rule)> {
        let met = self.protocol.matches.iter().filter(|rule| self.is_met(rule));
        met.map(|rule| (self.fit_of(rule), rule))
            .min_by_key(|(fit, _)| Reverse(*fit))
    }

    fn is_met(&self, rule: &Rule) -> bool {
        let known = |name: &str| self.facts_of(name);
        let screens = u32::try_from(self.facts.screens.len()).unwrap_or(u32::MAX);
        let width = self.facts.screens.first().map_or(0, |screen| screen.width);
        let found = rule.needs.iter().all(|name| self.index(name).is_some());
        let is_there = |without: &super::Without| {
            let mut all = self.facts.all(|prior| without.study.includes(prior));
            all.any(|(_, series)| without.is.is_met(series, &known))
        };
        let of_layouts = u32::try_from(self.protocol.further_screens.len()).unwrap_or(u32::MAX);
        found
            && (of_layouts == 0 || screens > of_layouts)
            && !rule.without.iter().any(is_there)
            && rule.screens_at_least.is_none_or(|least| screens >= least)
            && rule.width_at_least.is_none_or(|least| width >= least)
    }

    fn fit_of(&self, rule: &Rule) -> Fit {
        let needed = rule.needs.iter().filter_map(|name| self.index(name));
        let studies: BTreeSet<usize> = needed.map(|at| at.study).collect();
        let named = rule.needs.iter().filter_map(|name| self.protocol.named(name));
        let needs: usize = named.map(|series| series.is.specificity()).sum();
        let without: usize = rule.without.iter().map(|series| series.is.specificity()).sum();
        let screens = [rule.screens_at_least, rule.width_at_least];
        let screens = screens.iter().flatten().count() + self.protocol.further_screens.len();
        Fit {
            studies: studies.len(),
            conditions: needs + without + screens,
        }
    }

    /// What a rule needs, for a sentence.
    fn words(&self, rule: &Rule) -> String {
        let named = rule.needs.iter().filter_map(|name| self.protocol.named(name));
        let words: Vec<_> = named
            .map(|series| format!("{} ({})", series.name, series.is.words()))
            .collect();
        words.join(" and ")
    }

    fn hung(&self, preferences: &Preferences, mut reason: String) -> Hung {
        let protocol = self.protocol;
        let look = preferences.look.as_ref();
        let views = protocol.views.len();
        let named = look.and_then(|look| Some((look, look.arrangement(&protocol.name)?)));
        let arrangement = named
            .map(|(_, arrangement)| arrangement)
            .filter(|arrangement| arrangement.cells.len() == views);
        if let Some((look, found)) = named {
            let (name, cells) = (&look.name, found.cells.len());
            reason += &match arrangement {
                Some(_) => format!("; arranged as in {name}"),
                None => format!("; not arranged as in {name}, which has {cells} views instead of {views}"),
            };
        }
        let cell = |n: usize, view: &ViewRule| match arrangement {
            Some(arrangement) => arrangement.cells[n],
            None => Some(view.cell),
        };
        let view = |(n, view): (usize, &ViewRule)| {
            Some(HungView {
                // A look lays all views out on the main screen.
                screen: arrangement.map_or(view.screen, |_| 0),
                cell: cell(n, view)?,
                kind: view.kind.clone(),
                content: match self.shown(view, preferences) {
                    Ok(shown) => Content::Shown(Box::new(shown)),
                    Err(empty) => Content::Empty(empty),
                },
            })
        };
        Hung {
            protocol: protocol.name.clone(),
            title: protocol.title.clone(),
            layout: arrangement
                .map_or(&protocol.layout, |arrangement| &arrangement.layout)
                .clone(),
            further_screens: match arrangement {
                Some(_) => Vec::new(),
                None => protocol.further_screens.clone(),
            },
            views: protocol.views.iter().enumerate().filter_map(view).collect(),
            reason,
        }
    }

    fn shown(&self, view: &ViewRule, preferences: &Preferences) -> Result<Shown, Empty> {
        let base = self.layer(&view.base, view, Role::Single, preferences)?;
        let overlays = view
            .overlays
            .iter()
            .map(|overlay| self.layer(overlay, view, Role::Overlay, preferences))
            .collect::<Result<_, _>>()?;
        let of_look = preferences.look.as_ref().and_then(|look| look.fusion_ratio);
        Ok(Shown {
            base,
            overlays,
            fusion_ratio: view.fusion_ratio.or(of_look).unwrap_or(EVEN),
            links: view.links.clone(),
        })
    }

    fn layer(
        &self,
        layer: &LayerRule,
        view: &ViewRule,
        role: Role,
        preferences: &Preferences,
    ) -> Result<HungLayer, Empty> {
        let found = self.index(&layer.series);
        let (Some(index), Some(series)) = (found, self.facts_of(&layer.series)) else {
            return Err(self.missing(&layer.series));
        };
        if view.kind.needs_volume() && !series.has_volume {
            return Err(Empty::NoVolume {
                series: layer.series.clone(),
                kind: view.kind.words(),
            });
        }
        let frame = match &layer.frame_view {
            None => None,
            Some(from) => Some(series.frame_of(from).ok_or_else(|| Empty::NoFrame {
                series: layer.series.clone(),
                view: from.clone(),
            })?),
        };
        let base = self.facts_of(&view.base.series);
        let aligned = base.is_some_and(|base| share_frame_of_reference(series, base));
        Ok(HungLayer {
            series: index,
            frame,
            window: preferences.window(layer, series),
            palette: preferences.palette(layer, series, role),
            inverted: layer.inverted,
            needs_registration: role == Role::Overlay && !aligned,
        })
    }

    fn missing(&self, name: &str) -> Empty {
        let named = self.protocol.named(name);
        Empty::Missing {
            series: name.to_owned(),
            study: named.map(|named| named.study).unwrap_or_default().words(),
            wanted: named.map_or_else(|| "named so".to_owned(), |named| named.is.words()),
        }
    }
}

impl Preferences {
    /// The protocol's window, else the look's, else for CT the department's first for the part of the body.
    fn window(&self, layer: &LayerRule, series: &SeriesFacts) -> WindowRule {
        let (modality, part) = (&series.modality, &series.body_part);
        let look = self.look.as_ref();
        let chosen = layer
            .window
            .as_ref()
            .or_else(|| look.and_then(|look| look.window(modality, part)));
        match chosen {
            // A department's set need not hold what another's document names.
            Some(WindowRule::Preset(name)) if self.windows.named(modality, name).is_none() => {
                WindowRule::Auto
            }
            Some(rule) => rule.clone(),
            None if modality.eq_ignore_ascii_case("CT") => {
                let first = self.windows.for_body_part(modality, part).first().copied();
                first.map_or(WindowRule::Auto, |preset| WindowRule::Preset(preset.name.clone()))
            }
            None => WindowRule::Auto,
        }
    }

    /// The protocol's palette, else the look's, else the department's.
    fn palette(&self, layer: &LayerRule, series: &SeriesFacts, role: Role) -> String {
        let look = self.look.as_ref();
        let chosen = layer
            .palette
            .as_deref()
            .or_else(|| look.and_then(|look| look.palette(&series.modality, role)));
        chosen
            .unwrap_or_else(|| self.palettes.palette(&series.modality, role))
            .to_owned()
    }
}
