organisations = Organisations
administrators = Platform administrators
shared-dictionary = Shared dictionaries
log = Log
log-latest = Lately
log-none = Nothing yet
audit = Audit
who = Who
what = What
range = Range
range-own = Own
range-days = Last { $days ->
    [one] day
   *[other] { $days } days
}
from-day = From
until-day = Until
study-uid = Study UID
entry-number = Number
