organisations = Organisations
administrators = Platform administrators
clients = Programs of others
shared-dictionary = Shared dictionaries
jobs = Jobs and messages
monitoring = Monitoring
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
