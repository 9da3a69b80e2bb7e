//! The frame around a page: head, bar, navigation.

use maud::{DOCTYPE, Markup, html};

use super::{Theme, View, avatar, icon};
use crate::language::Language;
use crate::permissions::{Action, Resource, Study};
use crate::web::{Visit, asset};

/// A page for whoever is signed in.
#[must_use]
pub fn page(visit: &Visit, title: &str, body: Markup) -> Markup {
    page_of(visit, &visit.view().path, title, body)
}

/// The same; whoever changes language or look there comes back to this path.
pub(super) fn page_of(visit: &Visit, back: &str, title: &str, body: Markup) -> Markup {
    let view = visit.view();
    whole(
        view,
        title,
        html! {
            a.skip href="#main" { (view.say("skip")) }
            header.bar {
                a.brand href="/" { (mark()) span { (view.say("product")) } }
                (organisations(visit))
                div.tools {
                    (language(view, back))
                    (theme(view, back))
                    (crate::help::link(visit))
                    a.tool href="/notifications" {
                        span.hidden { (view.say("notifications")) }
                        (icon("bell"))
                        span.count id=[is_told_live(visit).then_some("unread")] hidden[view.unread + view.todos == 0] { (view.unread + view.todos) }
                    }
                    (user(visit))
                }
            }
            div.frame {
                details.nav open[true] {
                    summary { (icon("menu")) span { (view.say("menu")) } }
                    nav aria-label=(view.say("menu")) { (navigation(visit)) }
                }
                main #main tabindex="-1" { (body) }
            }
        },
    )
}

/// Whether the page may hear of what waits; before the password is changed it would only be refused.
fn is_told_live(visit: &Visit) -> bool {
    let signed = visit.signed();
    signed.is_some_and(|signed| !signed.permitted().must_change_password)
}

/// A page for anybody: sign-in, registration, links.
#[must_use]
pub fn bare(visit: &Visit, title: &str, body: Markup) -> Markup {
    bare_of(visit, &visit.view().path, title, body)
}

/// The same; whoever changes language or look there comes back to this path.
pub(super) fn bare_of(visit: &Visit, back: &str, title: &str, body: Markup) -> Markup {
    let view = visit.view();
    whole(
        view,
        title,
        html! {
            a.skip href="#main" { (view.say("skip")) }
            header.bar.plain {
                a.brand href="/" { (mark()) span { (view.say("product")) } }
                div.tools { (language(view, back)) (theme(view, back)) (crate::help::link(visit)) }
            }
            main #main.bare tabindex="-1" { (body) }
        },
    )
}

/// A page without a frame, for paper.
#[must_use]
pub fn printed(visit: &Visit, title: &str, body: Markup) -> Markup {
    whole(visit.view(), title, html! { main #main.printed { (body) } })
}

/// A page that something fills: a bar of its own, and no frame.
#[must_use]
pub fn full(visit: &Visit, title: &str, body: Markup) -> Markup {
    whole(visit.view(), title, html! { div.full { (body) } })
}

fn whole(view: &View, title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(view.language.tag()) data-theme=(view.theme.word()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="htmx-config" content=r#"{"includeIndicatorStyles":false,"allowEval":false,"selfRequestsOnly":true}"#;
                title { (title) " · " (view.say("product")) }
                link rel="icon" href=(asset("icon.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(asset("uptake.css"));
                script src=(asset("htmx.js")) defer {}
                script type="module" src=(asset("uptake.js")) {}
            }
            body { (body) }
        }
    }
}

/// The mark: a ring of detectors around what is seen.
fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 32 32" aria-hidden="true" {
            circle.ring cx="16" cy="16" r="12" {}
            circle.spot cx="19" cy="14" r="5" {}
        }
    }
}

fn language(view: &View, back: &str) -> Markup {
    let other = match view.language {
        Language::Chinese => Language::English,
        Language::English => Language::Chinese,
    };
    html! {
        form.tool method="post" action="/language" {
            input type="hidden" name="to" value=(back);
            button name="language" value=(other.tag()) lang=(other.tag()) { (other.name()) }
        }
    }
}

fn theme(view: &View, back: &str) -> Markup {
    html! {
        details.menu {
            summary.tool aria-label=(view.say("theme")) title=(view.say("theme")) { span.half aria-hidden="true" {} }
            form.sheet method="post" action="/theme" {
                input type="hidden" name="to" value=(back);
                @for theme in Theme::ALL {
                    button name="theme" value=(theme.word()) aria-pressed=(if theme == view.theme { "true" } else { "false" }) {
                        (view.say(&format!("theme-{}", theme.word())))
                    }
                }
            }
        }
    }
}

fn organisations(visit: &Visit) -> Markup {
    let view = visit.view();
    let Some(signed) = visit.signed() else {
        return html! {};
    };
    let active = signed.belonging();
    html! {
        details.menu.place {
            summary {
                @match active {
                    Some(one) => { strong { (one.name) } span.quiet { (one.role) } },
                    None => strong { (view.say("no-organisation")) },
                }
            }
            form.sheet method="post" action="/switch" {
                @for one in &signed.organisations {
                    button name="organisation" value=(one.organisation)
                        aria-pressed=(if Some(one.organisation) == signed.organisation() { "true" } else { "false" }) {
                        strong { (one.name) }
                        span.quiet { (view.say(&format!("organisation-kind-{}", one.kind.word()))) " · " (one.role) }
                    }
                }
                a href="/workbench" { (view.say("workbench")) }
            }
        }
    }
}

fn user(visit: &Visit) -> Markup {
    let view = visit.view();
    let Some(signed) = visit.signed() else {
        return html! {};
    };
    html! {
        details.menu.user {
            summary {
                span.hidden { (view.say("user-menu")) }
                (avatar(signed.account(), signed.name(), signed.has_avatar))
                span.name { (signed.name()) }
            }
            div.sheet {
                a href="/workbench" { (view.say("workbench")) }
                a href="/profile" { (view.say("profile")) }
                a href="/security" { (view.say("security")) }
                a href="/permissions" { (view.say("own-permissions")) }
                form method="post" action="/sign-out" { button { (view.say("sign-out")) } }
            }
        }
    }
}

/// One place that a page leads to.
struct Place {
    href: &'static str,
    icon: &'static str,
    key: &'static str,
    action: Action,
}

const fn place(href: &'static str, icon: &'static str, key: &'static str, action: Action) -> Place {
    Place {
        href,
        icon,
        key,
        action,
    }
}

const STUDIES: &[Place] = &[
    place("/studies", "images", "studies", Action::StudyFind),
    place("/publishing", "publish", "publishing", Action::StudyPublish),
];

const ORGANISATION: &[Place] = &[
    place(
        "/organisation",
        "building",
        "organisation",
        Action::OrganisationView,
    ),
    place("/members", "people", "members", Action::MembersView),
    place("/roles", "key", "roles", Action::RolesView),
    place("/devices", "device", "devices", Action::DevicesView),
    place("/dockings", "link", "dockings", Action::DockingsView),
    place("/dictionary", "book", "dictionary", Action::DictionaryView),
];

const PLATFORM: &[Place] = &[
    place(
        "/platform/organisations",
        "building",
        "organisations",
        Action::OrganisationsEdit,
    ),
    place("/platform/accounts", "people", "accounts", Action::AccountsView),
    place(
        "/platform/verification",
        "shield",
        "verification",
        Action::VerificationDecide,
    ),
    place(
        "/platform/administrators",
        "key",
        "administrators",
        Action::AppointmentsEdit,
    ),
    place(
        "/platform/dictionary",
        "book",
        "shared-dictionary",
        Action::SharedDictionaryEdit,
    ),
    place("/platform/clients", "link", "clients", Action::ClientsEdit),
    place("/platform/jobs", "jobs", "jobs", Action::JobsEdit),
    place("/platform/outbox", "letter", "outbox", Action::JobsEdit),
    place("/platform/audit", "log", "audit", Action::AuditSearch),
    place(
        "/platform/monitoring",
        "pulse",
        "monitoring",
        Action::MonitoringView,
    ),
    place("/platform/support", "help", "support", Action::MonitoringView),
];

fn navigation(visit: &Visit) -> Markup {
    let view = visit.view();
    let item = |href: &str, icon_name: &str, key: &str| {
        let is_here = view.path == href || href != "/" && view.path.starts_with(&format!("{href}/"));
        html! {
            li { a href=(href) aria-current=[is_here.then_some("page")] { (icon(icon_name)) span { (view.say(key)) } } }
        }
    };
    let of_studies = allowed(visit, STUDIES, &Resource::Study(&Study::default()));
    let signed = visit.signed();
    let organisation = signed.and_then(|signed| signed.organisation());
    let of_organisation = organisation.map(|id| allowed(visit, ORGANISATION, &Resource::Organisation(id)));
    let of_platform = allowed(visit, PLATFORM, &Resource::Platform);
    html! {
        ul {
            (item("/", "home", "home"))
            (item("/notifications", "bell", "notifications"))
            (item("/log", "log", "log"))
        }
        @if !of_studies.is_empty() {
            h2 { (view.say("menu-studies")) }
            ul { @for place in of_studies { (item(place.href, place.icon, place.key)) } }
        }
        @if let Some(places) = of_organisation.filter(|places| !places.is_empty()) {
            h2 { (view.say("menu-organisation")) }
            ul { @for place in places { (item(place.href, place.icon, place.key)) } }
        }
        @if !of_platform.is_empty() {
            h2 { (view.say("menu-platform")) }
            ul { @for place in of_platform { (item(place.href, place.icon, place.key)) } }
        }
    }
}

fn allowed(visit: &Visit, places: &'static [Place], resource: &Resource<'_>) -> Vec<&'static Place> {
    places
        .iter()
        .filter(|place| visit.can(place.action, resource))
        .collect()
}
