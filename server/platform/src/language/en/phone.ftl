# Signing in by phone
phone-sign-in = Sign in by phone
phone-scan = Read the code with a phone that is signed in here, and confirm. The code is good for 3 minutes.
phone-enter = I have confirmed on the phone
phone-not-yet = The phone has not confirmed yet. Confirm there and try again.
phone-again = New code
phone-over = The code was declined, used, or is too old. Get a new one.
phone-confirm-title = Confirm the sign-in
phone-confirm-about = A device asks to sign in as you. Confirm only if it is yours.
phone-confirm = Confirm
phone-decline = Decline
phone-answered = Done. Go on with the other device.
event-session-confirmed = Sign-in confirmed by phone
event-session-declined = Sign-in declined by phone
