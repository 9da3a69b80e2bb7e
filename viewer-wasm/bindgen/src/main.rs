//! Writes the JavaScript that calls the viewer's WebAssembly, and the WebAssembly that it calls: `viewer_wasm.js` and
//! `viewer_wasm_bg.wasm`. A library of the very version that the viewer is compiled with does it, so that nothing has to be
//! installed.
//!
//! ```text
//! viewer-wasm-bindgen target/wasm32-unknown-unknown/wasm/viewer_wasm.wasm target/viewer
//! ```

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let compiled = paths
        .next()
        .context("expected the compiled viewer, found nothing")?;
    let folder = paths
        .next()
        .context("expected a folder for what is written, found nothing")?;
    Bindgen::new()
        .input_path(&compiled)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(&folder)
        .with_context(|| format!("the bindings of {} cannot be written", compiled.display()))
}
