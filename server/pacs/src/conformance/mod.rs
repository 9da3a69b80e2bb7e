//! The DICOM conformance statement (PS3.2), written from the tables that the code itself works with.
//!
//! `cargo run -p pacs --example conformance > docs/conformance/dicom.md` writes it anew; a test compares.

mod dimse_part;
mod keys;
mod media_part;
mod web_part;

use std::fmt::Write as _;

use crate::dicomweb::accept::Offer;

/// Gives the statement as Markdown.
#[must_use]
pub fn statement() -> String {
    let mut text = String::from(
        "# DICOM conformance statement\n\n\
         Written from the program's own tables by `cargo run -p pacs --example conformance`; not to be edited.\n",
    );
    for (title, part) in [
        ("Application entity", dimse_part::entity()),
        ("SOP classes as provider", dimse_part::provided()),
        ("SOP classes as user", dimse_part::used()),
        ("Transfer syntaxes", dimse_part::transfer_syntaxes()),
        ("Association negotiation", dimse_part::negotiation()),
        ("Limits", dimse_part::limits()),
        ("Query keys", keys::queries()),
        ("Modality Worklist", keys::worklist()),
        ("Performed procedure steps", dimse_part::performed()),
        ("Storage commitment", dimse_part::commitment()),
        ("Statuses", dimse_part::statuses()),
        ("Character sets", dimse_part::character_sets()),
        ("DICOMweb", web_part::resources()),
        ("Searching (QIDO-RS)", web_part::search()),
        ("Retrieving (WADO-RS)", web_part::retrieval()),
        ("Retrieving by parameters (WADO-URI)", web_part::by_parameters()),
        ("Storing (STOW-RS)", web_part::storing()),
        ("Limits of DICOMweb", web_part::limits()),
        ("Statuses of DICOMweb", web_part::statuses()),
        ("Media written", media_part::written()),
        ("Media read", media_part::read()),
        ("What is not offered", media_part::absent()),
    ] {
        let _ = write!(text, "\n## {title}\n\n{part}");
    }
    text
}

/// Media types, as code.
fn offers(all: &[Offer]) -> String {
    let all: Vec<String> = all.iter().map(|offer| format!("`{offer}`")).collect();
    all.join(", ")
}

/// A table of Markdown.
fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let names: Vec<String> = head.iter().map(|name| (*name).to_owned()).collect();
    let mut text = line(&names);
    text += &line(&vec!["---".to_owned(); head.len()]);
    for row in rows {
        text += &line(&row);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_statement_is_what_the_code_does() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/conformance/dicom.md");
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(
            committed == super::statement(),
            "docs/conformance/dicom.md is old: cargo run -p pacs --example conformance > docs/conformance/dicom.md"
        );
    }
}
