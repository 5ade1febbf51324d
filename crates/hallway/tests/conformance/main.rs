//! One suite over the matrix: every scenario over every transport, and over every framing, encoding and
//! protocol that go together.
//!
//! A new framing or encoding is in the library's own list of them, and thereby in here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what a test calls may fail as loudly as the test")]

mod calls;
mod endings;
mod frames;
mod hello;
mod pressure;
mod stage;
mod streams;
mod topics;

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
    calls::a_value_that_panics_is_an_error_of_its_call on everything;
    calls::clones_of_a_client_share_its_connection on everything;

    endings::dropping_the_future_drops_the_handler on everything;
    endings::a_call_that_is_taken_back_is_answered_so on everything;
    endings::taking_back_what_is_not_there_changes_nothing on everything;
    endings::a_lost_connection_drops_its_handlers_and_frees_its_places on shared;
    endings::a_deadline_ends_the_call_on_both_sides on everything;
    endings::the_server_keeps_the_deadline_by_itself on everything;
    endings::a_call_that_waits_in_line_keeps_its_deadline on shared;
    endings::a_call_without_any_time_does_not_run on everything;
    endings::who_has_finished_sending_still_gets_the_answers on unix;
    endings::more_calls_than_run_wait_in_line on shared;
    endings::more_calls_than_may_be_open_are_refused on shared;
    endings::a_client_waits_where_too_many_calls_are_open on shared;

    streams::a_stream_is_in_order_and_ends on everything;
    streams::a_stream_may_end_with_a_no on everything;
    streams::a_stream_stops_where_its_credit_does on everything;
    streams::a_window_of_nothing_waits_for_the_first_grant on everything;
    streams::a_slow_reader_stops_its_own_stream_only on everything;
    streams::dropping_a_stream_takes_it_back on everything;
    streams::the_last_client_may_go_before_its_stream on everything;
    streams::a_window_of_one_is_slow_and_works on everything;
    streams::many_streams_share_a_connection on everything;
    streams::an_item_that_is_too_long_ends_its_stream on everything;
    streams::a_refused_stream_says_so_first on everything;

    topics::what_is_published_reaches_every_client on shared;
    topics::events_come_while_a_call_is_under_way on everything;
    topics::a_late_subscriber_is_told_exactly_what_it_missed on everything;
    topics::a_late_client_survives_and_can_add_up on everything;
    topics::a_subscriber_resumes_from_a_number on everything;

    frames::pieces_of_one_byte_are_put_together on everything;
    frames::the_limit_is_allowed_and_one_byte_more_is_answered on everything;
    frames::seventeen_mebibytes_are_read_over_and_answered on everything;
    frames::a_message_that_breaks_off_is_answered_by_its_id on everything;
    frames::nonsense_in_a_frame_is_answered_without_an_id on everything;
    frames::odd_envelopes_are_refused_each_by_its_id on everything;
    frames::what_a_newer_client_adds_is_ignored on everything;
    frames::lengths_that_nobody_means_end_the_connection on shared;
    frames::a_frame_that_never_ends_costs_nothing on shared;
    frames::noise_ends_at_most_its_own_connection on shared;
    frames::deep_nesting_is_refused on everything;

    hello::hello_is_answered_before_anything_is_dispatched on everything;
    hello::what_a_later_hello_holds_is_ignored on everything;
    hello::hello_may_be_left_out_where_no_token_is_asked_for on memory, unix, stdio;
    hello::without_the_token_nothing_runs on tcp;

    pressure::a_peer_that_goes_in_the_middle_of_an_answer_is_forgotten on shared;
    pressure::long_calls_and_long_answers_pass_each_other on everything;
    pressure::both_sides_call_each_other_all_at_once on everything;
}
