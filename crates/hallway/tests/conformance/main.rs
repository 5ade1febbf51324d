//! One suite over the matrix: every scenario over every transport, and over every framing, encoding and
//! protocol that go together.
//!
//! A new framing or encoding is in the library's own list of them, and thereby in here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test calls may fail as loudly as the test")]

mod calls;
mod stage;

hallway_testkit::scenarios! {
    services: hallway_testkit::probe;

    calls::answers_go_to_their_calls on everything;
    calls::a_later_call_may_be_answered_first on everything;
    calls::many_calls_in_one_write_are_all_answered on everything;
    calls::values_arrive_as_they_were_sent on everything;
    calls::parameters_may_be_left_out_where_they_have_a_default on everything;
    calls::bad_parameters_are_refused_with_the_id on everything;
    calls::what_is_not_served_is_refused_and_the_near_name_told on everything;
    calls::an_id_in_use_is_refused_and_its_call_goes_on on everything;
    calls::a_panic_is_the_error_of_its_call_alone on everything;
    calls::the_no_of_a_service_is_not_a_failure_of_the_conversation on everything;
    calls::a_result_that_is_too_long_is_an_error_of_its_call on everything;
    calls::parameters_that_are_too_long_are_not_sent on everything;
    calls::a_result_that_the_encoding_cannot_hold_is_an_error_of_its_call on everything;
    calls::notifications_arrive_and_are_not_answered on everything;
    calls::a_clients_notification_arrives on everything;
    calls::a_call_tells_how_far_it_has_come on everything;
    calls::a_client_hears_how_far_its_call_has_come on everything;
    calls::clones_of_a_client_share_its_connection on everything;
}
