//! Studies onto views: by hanging protocols, in the manner of a look.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::colormap::{Role, Window};
use crate::presentation::hanging::{
    self, Content, Facts, HungLayer, HungView, Links, Look, Preferences, Protocol, ScreenFacts, ViewKind,
    WindowRule, WindowUnit,
};
use crate::session::apply::look::preset_window;
use crate::session::apply::{Work, at_most};
use crate::session::command::{Command, Link};
use crate::session::error::Refusal;
use crate::session::sight::{numbers, point};
use crate::session::state::{
    Axis, Desk, FIRST_LOOK, Groups, Hanging, Kind, Shown, SlabKind, ViewLayer, ViewWindow, Viewport,
};
use crate::volume::Unit;

/// Most studies that are seen together.
const MAX_STUDIES: usize = 5;
/// Most screens that a host may have; protocols use fewer.
const MAX_HOST_SCREENS: usize = 16;

impl Work<'_> {
    pub(super) fn hang(&mut self, command: &Command) -> Result<bool, Refusal> {
        match command {
            Command::Hang {
                studies,
                protocol,
                screens,
            } => {
                if !(1..=MAX_STUDIES).contains(&studies.len()) {
                    return Err(Refusal::Count {
                        what: "studies",
                        expected: format!("1 to {MAX_STUDIES}"),
                        found: studies.len(),
                    });
                }
                at_most("screens", MAX_HOST_SCREENS, screens.len())?;
                self.hang_studies(studies, protocol.as_deref(), screens)?;
            }
            Command::SetLook { name } => self.set_look(name)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn hang_studies(
        &mut self,
        studies: &[String],
        protocol: Option<&str>,
        screens: &[[u32; 2]],
    ) -> Result<(), Refusal> {
        let (mut facts, keys, order) = self.facts_of(studies)?;
        facts.screens = screens_of(screens);
        let preferences = Preferences {
            look: Some(look_named(&self.state.look)?),
            palettes: self.department.palettes.clone(),
            windows: self.department.windows.clone(),
        };
        let protocols = self.protocols_named(protocol)?;
        let hung = hanging::hang(&facts, &protocols, &preferences).map_err(|error| Refusal::Malformed {
            expected: "studies that a hanging protocol fits".to_owned(),
            found: error.to_string(),
        })?;
        let mut desk = Desk::of_screens(hung.layout.clone(), hung.further_screens.clone());
        for view in &hung.views {
            let n = Desk::number(view.screen, view.cell);
            if let Some(shown) = self.hung_view(n, view, &keys)? {
                desk.viewports.insert(n, Arc::new(shown));
            }
        }
        for study in &order {
            if !self.is_on(&desk, study) {
                self.remark(format!("{} shows nothing of study {study}", hung.protocol));
            }
        }
        // A desk with a name keeps how it was left.
        let left = std::mem::replace(&mut self.state.desk, Arc::new(desk));
        let name = std::mem::take(&mut self.state.desk_name);
        if !name.is_empty() {
            self.state.desks.insert(name, left);
        }
        self.state.hanging = Some(Hanging {
            protocol: hung.protocol,
            studies: order,
            screens: screens.to_vec(),
        });
        self.remark(hung.reason);
        Ok(())
    }

    /// What hanging goes by of some studies, the keys of their series by study, and the studies by time, the latest first.
    #[allow(
        clippy::type_complexity,
        reason = "three lists that belong together, used once"
    )]
    fn facts_of(&self, studies: &[String]) -> Result<(Facts, Vec<Vec<String>>, Vec<String>), Refusal> {
        let mut by_time: Vec<(&str, &String)> = Vec::new();
        for study in studies {
            let found = self.stage.series().iter().find(|facts| facts.study == *study);
            let time = found.ok_or_else(|| Refusal::Unknown {
                what: "study",
                found: study.clone(),
            })?;
            if !by_time.iter().any(|(_, known)| *known == study) {
                by_time.push((&time.study_time, study));
            }
        }
        by_time.sort_by(|a, b| b.0.cmp(a.0));
        let mut facts = Facts::default();
        let mut keys = Vec::new();
        for (prior, (_, study)) in by_time.iter().enumerate() {
            let all = self.stage.series().iter().filter(|facts| facts.study == **study);
            let (series, theirs) = all
                .map(|facts| (facts.hanging.clone(), facts.key.clone()))
                .unzip();
            facts.studies.push(hanging::StudyFacts {
                prior: prior as u32,
                series,
            });
            keys.push(theirs);
        }
        let order = by_time.into_iter().map(|(_, study)| study.clone()).collect();
        Ok((facts, keys, order))
    }

    /// The protocol of a name, or all: the host's own before those that come with the engine.
    fn protocols_named(&self, name: Option<&str>) -> Result<Vec<Protocol>, Refusal> {
        let own = self.department.protocols.iter();
        let Some(name) = name else {
            return Ok(own.cloned().chain(hanging::protocols()).collect());
        };
        let named = own.clone().find(|protocol| protocol.name == name).cloned();
        let found = named.or_else(|| hanging::protocol(name));
        Ok(vec![found.ok_or_else(|| Refusal::Unknown {
            what: "hanging protocol",
            found: name.to_owned(),
        })?])
    }

    /// Whether a view of a desk shows something of a study.
    fn is_on(&self, desk: &Desk, study: &str) -> bool {
        let views = desk.viewports.values();
        let mut layers = views.flat_map(|view| view.shown.iter().flat_map(|shown| &shown.layers));
        layers.any(|layer| {
            self.stage
                .facts(&layer.series)
                .is_ok_and(|facts| facts.study == study)
        })
    }

    fn hung_view(
        &mut self,
        n: u32,
        view: &HungView,
        keys: &[Vec<String>],
    ) -> Result<Option<Viewport>, Refusal> {
        let content = match &view.content {
            Content::Shown(content) => content,
            Content::Empty(why) => {
                self.remark(format!("view {n} is empty: {why}"));
                return Ok(None);
            }
        };
        let key = |layer: &HungLayer| keys[layer.series.study][layer.series.series].clone();
        let mut layers = vec![&content.base];
        for overlay in &content.overlays {
            // What lies in another space is laid over only once something joins the two.
            if self.may_fuse(&key(&content.base), &key(overlay)).is_ok() {
                layers.push(overlay);
            } else {
                self.remark(format!("view {n} waits for a registration of its overlay"));
            }
        }
        let (kind, axis) = kind_of(&view.kind);
        let series: Vec<String> = layers.iter().map(|layer| key(layer)).collect();
        // One series that cannot be shown so leaves the others hanging.
        let mut shown = match self.fresh(&kind, &series, axis) {
            Ok(shown) => shown,
            Err(refusal) => {
                self.remark(format!("view {n} is empty: {refusal}"));
                return Ok(None);
            }
        };
        shown.groups = Some(Arc::new(groups_of(&content.links)));
        for (at, (hung, layer)) in layers.iter().zip(&mut shown.layers).enumerate() {
            self.set_rule(layer, &hung.window);
            layer.palette = Some(hung.palette.clone());
            layer.is_inverted = hung.inverted;
            if at > 0 {
                layer.ratio = content.fusion_ratio.clamp(0.0, 1.0);
            }
        }
        if let (Some(frame), true) = (content.base.frame, shown.is_by_slices()) {
            let grid = self.grid(&shown)?;
            let last = grid.size()[2].saturating_sub(1);
            let focus = shown.on_slice(&grid, (frame as usize).min(last));
            shown.focus_mm = numbers(focus);
        }
        Ok(Some(Viewport {
            home: Some(Box::new(shown.clone())),
            shown: Some(shown),
        }))
    }

    /// Gives a layer the window of a rule; a share of the largest value is kept as such until the voxels are there.
    fn set_rule(&self, layer: &mut ViewLayer, rule: &WindowRule) {
        layer.set_window(self.window_of(&layer.series, rule));
        if let WindowRule::Range {
            low,
            high,
            unit: WindowUnit::PercentOfMax,
        } = rule
        {
            layer.percent_of_max = Some([*low, *high]);
        }
    }

    /// A window of a series by rule; none for the usual one of its values, or one that only they tell.
    fn window_of(&self, key: &str, rule: &WindowRule) -> Option<ViewWindow> {
        let facts = self.stage.facts(key).ok()?;
        let window = match rule {
            WindowRule::Preset(name) => preset_window(facts, name, &self.department.windows),
            WindowRule::Range { low, high, unit } => match (unit, &facts.unit) {
                (WindowUnit::Hu, Unit::Hounsfield)
                | (WindowUnit::Suv, Unit::SuvBw)
                | (WindowUnit::BqMl, Unit::BecquerelPerMl)
                | (WindowUnit::Counts, Unit::Counts) => Some(Window::between(*low, *high)),
                _ => None,
            },
            _ => None,
        };
        window
            .filter(|window| window.is_valid() && window.width > 0.0)
            .map(ViewWindow::from)
    }

    /// What hangs is hung anew in the new manner, at the same place of the body and linked as the reader left it; what
    /// was shown by hand gets the manner's palettes and windows.
    fn set_look(&mut self, name: &str) -> Result<(), Refusal> {
        let look = look_named(name)?;
        self.state.look = look.name.clone();
        let Some(hanging) = self.state.hanging.clone() else {
            return self.dress(&look);
        };
        let left = self.state.desk.clone();
        let mut places = BTreeMap::new();
        for shown in left.viewports.values().filter_map(|view| view.shown.as_ref()) {
            places.insert(self.space(shown)?, shown.crosshair_mm.unwrap_or(shown.focus_mm));
        }
        self.hang_studies(&hanging.studies, Some(&hanging.protocol), &hanging.screens)?;
        let views: Vec<u32> = self.state.desk.viewports.keys().copied().collect();
        for n in views {
            let Some(mut shown) = self.state.desk.viewports[&n].shown.clone() else {
                continue;
            };
            if let Some((is_linked, groups)) = links_left(&left, &shown) {
                shown.is_linked = is_linked;
                shown.groups = groups;
                *self.shown_mut(n, "a look")? = shown.clone();
            }
            if let Some(place) = places.get(&self.space(&shown)?) {
                self.look_at(n, point(*place))?;
            }
        }
        Ok(())
    }

    /// Dresses every view, and what reset brings back in it: a reset does not undo a look.
    fn dress(&mut self, look: &Look) -> Result<(), Refusal> {
        let mut desk = Desk::clone(&self.state.desk);
        for view in desk.viewports.values_mut() {
            let mut next = Viewport::clone(view);
            for shown in next.shown.iter_mut().chain(next.home.as_deref_mut()) {
                self.wear(shown, look)?;
            }
            if next != **view {
                *view = Arc::new(next);
            }
        }
        self.state.desk = Arc::new(desk);
        Ok(())
    }

    /// Gives what is shown by hand the palettes and windows of a look that was chosen; the look that a session begins
    /// with is what is usual.
    pub(super) fn wear_look(&self, shown: &mut Shown) -> Result<(), Refusal> {
        match hanging::look(&self.state.look) {
            Some(look) if look.name != FIRST_LOOK => self.wear(shown, &look),
            _ => Ok(()),
        }
    }

    fn wear(&self, shown: &mut Shown, look: &Look) -> Result<(), Refusal> {
        // Interleaved series are seen one at a time.
        let is_mixed = shown.kind != Kind::Interleaved;
        for (at, layer) in shown.layers.iter_mut().enumerate() {
            let facts = self.stage.facts(&layer.series)?;
            let role = if at > 0 && is_mixed {
                Role::Overlay
            } else {
                Role::Single
            };
            if let Some(palette) = look.palette(facts.modality(), role) {
                layer.palette = Some(palette.to_owned());
            }
            if let Some(rule) = look.window(facts.modality(), &facts.hanging.body_part) {
                self.set_rule(layer, rule);
            }
            if let (1.., Some(ratio)) = (at, look.fusion_ratio) {
                layer.ratio = ratio.clamp(0.0, 1.0);
            }
        }
        Ok(())
    }
}

/// How the view of a desk that began as this one is linked.
fn links_left(desk: &Desk, hung: &Shown) -> Option<(bool, Option<Arc<Groups>>)> {
    let series = |shown: &Shown| -> Vec<String> {
        let layers = shown.layers.iter();
        layers.map(|layer| layer.series.clone()).collect()
    };
    // Views of one series are told apart by where they began and what they share.
    let began_so = |home: &Shown| {
        home.kind == hung.kind
            && home.axes == hung.axes
            && home.focus_mm == hung.focus_mm
            && home.groups == hung.groups
            && series(home) == series(hung)
    };
    let mut views = desk.viewports.values();
    let view = views.find(|view| view.home.as_deref().is_some_and(began_so))?;
    let shown = view.shown.as_ref()?;
    Some((shown.is_linked, shown.groups.clone()))
}

/// The screens that a host has: one of no known size where it does not say.
fn screens_of(screens: &[[u32; 2]]) -> Vec<ScreenFacts> {
    let facts = |&[width, height]: &[u32; 2]| ScreenFacts { width, height };
    match screens {
        [] => vec![ScreenFacts::default()],
        all => all.iter().map(facts).collect(),
    }
}

fn groups_of(links: &Links) -> Groups {
    let all = [
        (Link::Scroll, &links.scroll),
        (Link::Pan, &links.pan),
        (Link::Zoom, &links.zoom),
        (Link::Window, &links.window),
        (Link::Palette, &links.palette),
        (Link::Rotation, &links.rotation),
        (Link::Crosshair, &links.crosshair),
    ];
    let named = all.into_iter();
    named
        .filter_map(|(link, name)| Some((link, name.clone()?)))
        .collect()
}

fn look_named(name: &str) -> Result<Look, Refusal> {
    hanging::look(name).ok_or_else(|| Refusal::Unknown {
        what: "look",
        found: name.to_owned(),
    })
}

fn kind_of(kind: &ViewKind) -> (Kind, Option<Axis>) {
    match kind {
        ViewKind::Tiles { rows, columns } => (
            Kind::Tiles {
                rows: (*rows).clamp(1, 12),
                columns: (*columns).clamp(1, 12),
            },
            None,
        ),
        ViewKind::Axial => (Kind::Plane, Some(Axis::Axial)),
        ViewKind::Coronal => (Kind::Plane, Some(Axis::Coronal)),
        ViewKind::Sagittal => (Kind::Plane, Some(Axis::Sagittal)),
        ViewKind::Mip => (
            Kind::Projection {
                of: SlabKind::Maximum,
            },
            None,
        ),
        ViewKind::VolumeRendering { preset } => (
            Kind::Rendering {
                preset: Some(preset.clone()),
            },
            None,
        ),
        _ => (Kind::Stack, None),
    }
}
