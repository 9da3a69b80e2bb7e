//! The coding parameters in a codestream's headers (ITU-T T.800 A.6).

use crate::Result;

use super::damaged;
use super::reader::Reader;

/// Most decomposition levels that the standard allows (T.800 table A.15).
const MAX_LEVELS: u8 = 32;

/// Most progression order changes accepted; real streams have a few.
const MAX_PROGRESSION_CHANGES: usize = 64;

/// The order in which packets follow each other (T.800 table A.16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progression {
    LayerResolution,
    ResolutionLayer,
    ResolutionPosition,
    PositionComponent,
    ComponentPosition,
}

impl Progression {
    fn from_code(code: u8) -> Result<Self> {
        Ok(match code {
            0 => Self::LayerResolution,
            1 => Self::ResolutionLayer,
            2 => Self::ResolutionPosition,
            3 => Self::PositionComponent,
            4 => Self::ComponentPosition,
            _ => {
                return Err(damaged(format!(
                    "expected a progression order of 0 to 4, found {code}"
                )));
            }
        })
    }
}

/// A part of the packets and its order (POC, T.800 A.6.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProgressionChange {
    pub(super) resolutions: (u8, u8),
    pub(super) components: (u8, u8),
    pub(super) layers_end: u16,
    pub(super) order: Progression,
}

/// What holds for all components of a tile (COD, T.800 A.6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct General {
    pub(super) order: Progression,
    pub(super) layers: u16,
    pub(super) component_transform: bool,
    /// A marker may stand before each packet.
    pub(super) start_of_packet: bool,
    /// A marker stands after each packet header.
    pub(super) end_of_header: bool,
}

/// How the code-blocks of a component are coded (T.800 table A.19, T.814 table A.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockStyle(pub(super) u8);

impl BlockStyle {
    pub(super) fn bypass(self) -> bool {
        self.0 & 1 != 0
    }
    pub(super) fn reset(self) -> bool {
        self.0 & 2 != 0
    }
    pub(super) fn terminate_all(self) -> bool {
        self.0 & 4 != 0
    }
    pub(super) fn vertically_causal(self) -> bool {
        self.0 & 8 != 0
    }
    pub(super) fn segmentation_symbols(self) -> bool {
        self.0 & 32 != 0
    }
    pub(super) fn high_throughput(self) -> bool {
        self.0 & 64 != 0
    }
}

/// How one component is coded (COD and COC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coding {
    /// Decomposition levels.
    pub(super) levels: u8,
    /// Binary logarithms of the code-block's width and height.
    pub(super) block: (u8, u8),
    pub(super) style: BlockStyle,
    /// 5/3 integer wavelet, else 9/7.
    pub(super) reversible: bool,
    /// Binary logarithms of the precincts' width and height, one pair a resolution; empty: 2^15.
    pub(super) precincts: Vec<(u8, u8)>,
}

impl Coding {
    pub(super) fn read(segment: &mut Reader<'_>, with_precincts: bool) -> Result<Self> {
        let levels = segment.u8()?;
        if levels > MAX_LEVELS {
            return Err(damaged(format!(
                "expected at most {MAX_LEVELS} decompositions, found {levels}"
            )));
        }
        let block = (segment.u8()?, segment.u8()?);
        if block.0 > 8 || block.1 > 8 || block.0 + block.1 > 8 {
            return Err(damaged(format!(
                "expected code-blocks of at most 4096 samples, found {block:?}"
            )));
        }
        let style = BlockStyle(segment.u8()?);
        if style.0 & 0x80 != 0 {
            return Err(damaged(
                "code-blocks that mix EBCOT and high throughput are not decoded",
            ));
        }
        let reversible = segment.u8()? == 1;
        let mut precincts = Vec::new();
        for resolution in 0..if with_precincts { levels + 1 } else { 0 } {
            let size = segment.u8()?;
            let (width, height) = (size & 15, size >> 4);
            if resolution > 0 && (width == 0 || height == 0) {
                return Err(damaged("expected precincts of 2x2 or more, found 1"));
            }
            precincts.push((width, height));
        }
        Ok(Self {
            levels,
            block: (block.0 + 2, block.1 + 2),
            style,
            reversible,
            precincts,
        })
    }

    /// Binary logarithms of the precincts' width and height.
    pub(super) fn precinct(&self, resolution: u8) -> (u8, u8) {
        self.precincts
            .get(usize::from(resolution))
            .copied()
            .unwrap_or((15, 15))
    }
}

/// How one component's coefficients are quantized (QCD and QCC, T.800 A.6.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Quantization {
    pub(super) guard_bits: u8,
    /// One step for all sub-bands, from which the others follow.
    derived: bool,
    /// Exponent and mantissa a sub-band.
    steps: Vec<(u8, u16)>,
}

impl Quantization {
    fn read(segment: &mut Reader<'_>) -> Result<Self> {
        let style = segment.u8()?;
        let mut steps = Vec::new();
        while !segment.rest().is_empty() && steps.len() <= 3 * usize::from(MAX_LEVELS) {
            steps.push(match style & 31 {
                0 => (segment.u8()? >> 3, 0),
                1 | 2 => {
                    let step = segment.u16()?;
                    ((step >> 11) as u8, step & 0x7FF)
                }
                other => return Err(damaged(format!("expected quantization 0 to 2, found {other}"))),
            });
        }
        Ok(Self {
            guard_bits: style >> 5,
            derived: style & 31 == 1,
            steps,
        })
    }

    /// Exponent and mantissa of a sub-band: `resolution`, and 0 to 2 for HL, LH, HH (0 for LL).
    ///
    /// # Errors
    ///
    /// [`crate::Error::Damaged`] when the stream states none.
    pub(super) fn step(&self, resolution: u8, band: usize) -> Result<(u8, u16)> {
        let index = match resolution {
            0 => 0,
            _ => 3 * (usize::from(resolution) - 1) + 1 + band,
        };
        let none = || damaged(format!("no quantization step for sub-band {index}"));
        if self.derived {
            // T.800 equation E-5: one exponent less a level.
            let (exponent, mantissa) = *self.steps.first().ok_or_else(none)?;
            return Ok((exponent.saturating_sub(resolution.saturating_sub(1)), mantissa));
        }
        self.steps.get(index).copied().ok_or_else(none)
    }
}

/// A component's coding and quantization, and which of them are its own rather than the default's.
#[derive(Debug, Clone, Default)]
struct Component {
    coding: Option<Coding>,
    own_coding: bool,
    quantization: Option<Quantization>,
    own_quantization: bool,
    roi_shift: u8,
}

/// All that the main header, or it and a tile's headers, say on coding.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameters {
    general: Option<General>,
    components: Vec<Component>,
    pub(super) changes: Vec<ProgressionChange>,
    /// The progression changes are the main header's, which a tile's own replace.
    inherited_changes: bool,
}

impl Parameters {
    pub(super) fn new(components: usize) -> Self {
        Self {
            components: vec![Component::default(); components],
            ..Self::default()
        }
    }

    /// A tile's parameters before its own headers: the main header's, all of which a tile's defaults
    /// override (T.800 A.6.1: tile COC, tile COD, main COC, main COD).
    pub(super) fn for_tile(&self) -> Self {
        let mut own = Self {
            inherited_changes: true,
            ..self.clone()
        };
        for component in &mut own.components {
            (component.own_coding, component.own_quantization) = (false, false);
        }
        own
    }

    /// Takes in one marker segment; markers that do not matter for decoding are skipped.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Damaged`] or [`crate::Error::Truncated`] when it makes no sense.
    pub(super) fn apply(&mut self, marker: u16, mut segment: Reader<'_>) -> Result<()> {
        match marker {
            0xFF52 => self.coding_default(&mut segment),
            0xFF53 => {
                let component = self.component(&mut segment)?;
                let own_precincts = segment.u8()? & 1 != 0;
                component.coding = Some(Coding::read(&mut segment, own_precincts)?);
                component.own_coding = true;
                Ok(())
            }
            0xFF5C => self.quantization_default(&mut segment),
            0xFF5D => {
                let component = self.component(&mut segment)?;
                component.quantization = Some(Quantization::read(&mut segment)?);
                component.own_quantization = true;
                Ok(())
            }
            0xFF5E => self.region_of_interest(&mut segment),
            0xFF5F => self.progression_changes(&mut segment),
            0xFF60 | 0xFF61 => Err(damaged("packed packet headers (PPM, PPT) are not decoded")),
            _ => Ok(()),
        }
    }

    fn component(&mut self, segment: &mut Reader<'_>) -> Result<&mut Component> {
        // Fewer than 257 components: their numbers take one byte.
        let index = segment.u8()?;
        self.components
            .get_mut(usize::from(index))
            .ok_or_else(|| damaged(format!("component {index} does not exist")))
    }

    fn coding_default(&mut self, segment: &mut Reader<'_>) -> Result<()> {
        let style = segment.u8()?;
        self.general = Some(General {
            order: Progression::from_code(segment.u8()?)?,
            layers: segment.u16()?.max(1),
            component_transform: segment.u8()? & 1 != 0,
            start_of_packet: style & 2 != 0,
            end_of_header: style & 4 != 0,
        });
        let coding = Coding::read(segment, style & 1 != 0)?;
        for component in self
            .components
            .iter_mut()
            .filter(|component| !component.own_coding)
        {
            component.coding = Some(coding.clone());
        }
        Ok(())
    }

    fn quantization_default(&mut self, segment: &mut Reader<'_>) -> Result<()> {
        let quantization = Quantization::read(segment)?;
        for component in self
            .components
            .iter_mut()
            .filter(|component| !component.own_quantization)
        {
            component.quantization = Some(quantization.clone());
        }
        Ok(())
    }

    fn region_of_interest(&mut self, segment: &mut Reader<'_>) -> Result<()> {
        let component = self.component(segment)?;
        let style = segment.u8()?;
        if style != 0 {
            return Err(damaged(format!(
                "expected region of interest style 0, found {style}"
            )));
        }
        component.roi_shift = segment.u8()?;
        Ok(())
    }

    fn progression_changes(&mut self, segment: &mut Reader<'_>) -> Result<()> {
        if std::mem::take(&mut self.inherited_changes) {
            self.changes.clear();
        }
        while !segment.rest().is_empty() {
            let (resolution, component) = (segment.u8()?, segment.u8()?);
            let layers_end = segment.u16()?;
            let (resolution_end, component_end) = (segment.u8()?, segment.u8()?);
            let order = Progression::from_code(segment.u8()?)?;
            if self.changes.len() == MAX_PROGRESSION_CHANGES {
                return Err(damaged(format!(
                    "more than {MAX_PROGRESSION_CHANGES} progression changes"
                )));
            }
            // A component end of 0 stands for 256 where numbers take one byte.
            let component_end = if component_end == 0 {
                u8::MAX
            } else {
                component_end
            };
            self.changes.push(ProgressionChange {
                resolutions: (resolution, resolution_end),
                components: (component, component_end),
                layers_end,
                order,
            });
        }
        Ok(())
    }

    /// # Errors
    ///
    /// [`crate::Error::Damaged`] when no COD came.
    pub(super) fn general(&self) -> Result<General> {
        self.general.ok_or_else(|| damaged("no coding style (COD)"))
    }

    /// Coding, quantization and region-of-interest shift of a component.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Damaged`] when no COD or no QCD came.
    pub(super) fn of(&self, component: usize) -> Result<(&Coding, &Quantization, u8)> {
        let component = &self.components[component];
        let coding = component
            .coding
            .as_ref()
            .ok_or_else(|| damaged("no coding style (COD)"))?;
        let quantization = component.quantization.as_ref();
        let quantization = quantization.ok_or_else(|| damaged("no quantization (QCD)"))?;
        Ok((coding, quantization, component.roi_shift))
    }
}
