//! Metrics that are counted from rows of a relation: promised contacts, complaints, leads.

use super::super::care::{Complaints, Compliance};
use super::super::funnel::Leads;
use super::Metric;
use super::reading::Reading;

pub(super) fn of_follow_ups(metric: Metric, told: &Compliance) -> Reading {
    match metric {
        Metric::FollowUpsDue => Reading::whole(told.due),
        Metric::FollowUpsOnTime => Reading::share(told.rate()),
        Metric::FollowUpsLate => Reading::whole(told.late),
        Metric::FollowUpsOverdue => Reading::whole(told.overdue),
        Metric::FollowUpDelay => Reading::rank(told.median_delay_days().map(i64::from), told.late),
        _ => Reading::NOTHING,
    }
}

pub(super) fn of_complaints(metric: Metric, told: &Complaints) -> Reading {
    match metric {
        Metric::Complaints => Reading::whole(told.opened),
        Metric::ComplaintRate => Reading::share(told.rate()),
        Metric::FirstReplyMedian => Reading::rank(told.reply_hours(50), told.replied()),
        Metric::FirstReplyP90 => Reading::rank(told.reply_hours(90), told.replied()),
        Metric::ResolutionMedian => Reading::rank(told.resolution_hours(50), told.resolved),
        Metric::ResolutionP90 => Reading::rank(told.resolution_hours(90), told.resolved),
        Metric::FirstContact => Reading::share(told.first_contact_rate()),
        _ => Reading::NOTHING,
    }
}

pub(super) fn of_leads(metric: Metric, leads: &Leads) -> Reading {
    match metric {
        Metric::Leads => Reading::whole(leads.captured),
        Metric::Conversion => Reading::share(leads.rate()),
        _ => Reading::NOTHING,
    }
}
