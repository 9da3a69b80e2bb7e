# Studies
menu-studies = Images
studies = Studies
patient = Patient
patient-nameless = No name
patient-id = Patient ID
patient-sex-age = Sex, age
accession = Accession
body-part = Body part
study-date = Study time
study-from = From
study-to = Until
study-modality = Modality
study-description = Description
study-images = Series / images
study-search = Name or pinyin
study-more = More
study-latest = All studies
study-pick = Choose the study of { $name }
study-open-together = Open together
study-together-about = At most { $most } studies are opened together
study-together-none = Choose the studies to open first, at most { $most }.
study-together-many = At most { $most } studies are opened together, you chose { $found }.
age-years = { $number } y
age-months = { $number } mo
age-weeks = { $number } wk
age-days = { $number } d
# Viewing
viewing = Images
viewing-page = The page with the viewer
viewing-begins = Opening the images…
viewing-script = Looking at images needs JavaScript.
viewing-hide = Hide the patient
viewing-show = Show the patient
viewing-hidden = The patient is hidden
viewing-second = Second screen
viewing-with = { $count ->
    [one] and one other study
   *[other] and { $count } other studies
}
# Publishing
publishing = Publishing
publishing-state = Publication
publishing-state-published = Published
publishing-state-scheduled = Scheduled
publishing-state-waiting = Due by the rule
publishing-state-unpublished = Not published
publishing-state-withdrawn = Withdrawn
publishing-do-now = Publish
publishing-do-at = Publish later
publishing-do-withdraw = Withdraw
publishing-do-by-rule = Back to the rule
publishing-of = { $count ->
    [one] The study you chose is published at this time.
   *[other] The { $count } studies you chose are published at this time.
}
publishing-at = Time
publishing-back = Back to the list
publishing-rule = Rule
publishing-rule-change = Change the rule
publishing-rule-about = The rule holds for studies that nobody decided about. Images and reports are published together.
publishing-rule-at-once = published as soon as they come
publishing-rule-after = { $hours ->
    [one] published one hour after their first image came
   *[other] published { $hours } hours after their first image came
}
publishing-rule-by-hand = published by hand only
publishing-choice-at-once = As soon as they come
publishing-choice-after = After some hours
publishing-choice-by-hand = By hand only
publishing-hours = Hours (for "After some hours")
wrong-study-none = Choose studies first.
wrong-time-to-come = Expected a time to come
