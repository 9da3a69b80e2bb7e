//! How often views have changed, and whether their pixels did.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::session::state::{Joint, Shown, State, Voi};

/// Numbers that grow with every change of a view.
#[derive(Debug, Default)]
pub(super) struct Turns {
    views: BTreeMap<u32, Turn>,
    /// What was last said beside a view's picture, by participant and view.
    remarks: BTreeMap<(u32, u32), Vec<String>>,
}

#[derive(Debug, Default)]
struct Turn {
    turn: u64,
    /// The turn at which the pixels last changed.
    picture: u64,
    made_of: Option<MadeOf>,
}

/// What the pixels of a view are made of: other things that change are drawn over them.
#[derive(Debug, Clone)]
struct MadeOf {
    shown: Option<Shown>,
    vois: Vec<(u64, Arc<Voi>)>,
    selected_voi: Option<u64>,
    joints: Vec<Arc<Joint>>,
    has_marks: bool,
    has_overlays: bool,
    is_deidentified: bool,
}

impl MadeOf {
    fn of(state: &State, viewport: u32) -> Self {
        let shown = state
            .desk
            .viewports
            .get(&viewport)
            .and_then(|view| view.shown.clone());
        Self {
            shown: shown.map(|shown| Shown {
                crosshair_mm: None,
                is_linked: true,
                groups: None,
                motion: None,
                since_step_s: 0.0,
                ..shown
            }),
            vois: state.vois.iter().map(|(n, voi)| (*n, voi.clone())).collect(),
            selected_voi: state.selected_voi,
            joints: state.joints.clone(),
            has_marks: state.texts.marks,
            has_overlays: state.texts.overlays,
            is_deidentified: state.is_deidentified,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        let same_vois = self.vois.len() == other.vois.len()
            && self
                .vois
                .iter()
                .zip(&other.vois)
                .all(|((a, one), (b, two))| a == b && Arc::ptr_eq(one, two));
        same_vois
            && self.shown == other.shown
            && self.selected_voi == other.selected_voi
            && self.joints == other.joints
            && self.has_marks == other.has_marks
            && self.has_overlays == other.has_overlays
            && self.is_deidentified == other.is_deidentified
    }
}

impl Turns {
    /// A view changed.
    pub(super) fn changed(&mut self, state: &State, viewport: u32) {
        let made_of = MadeOf::of(state, viewport);
        let view = self.views.entry(viewport).or_default();
        view.turn += 1;
        if !view.made_of.as_ref().is_some_and(|known| known.is_same(&made_of)) {
            view.picture = view.turn;
            view.made_of = Some(made_of);
        }
    }

    /// A view's voxels changed.
    pub(super) fn force(&mut self, viewport: u32) {
        let view = self.views.entry(viewport).or_default();
        view.turn += 1;
        view.picture = view.turn;
    }

    /// The turn of a view.
    pub(super) fn of(&self, viewport: u32) -> u64 {
        self.views.get(&viewport).map_or(0, |view| view.turn)
    }

    /// The turn at which its pixels last changed.
    pub(super) fn picture(&self, viewport: u32) -> u64 {
        self.views.get(&viewport).map_or(0, |view| view.picture)
    }

    /// Notes what is said beside a picture; gives whether it is new to the participant.
    pub(super) fn remarked(&mut self, participant: u32, viewport: u32, texts: &[String]) -> bool {
        let known = self.remarks.entry((participant, viewport)).or_default();
        let is_new = known != texts;
        texts.clone_into(known);
        is_new
    }
}
