# What the team reads.

staff-role-radiographer = therapeutic radiographer
staff-checklist-title = Before the headset
staff-check-identity = Identity said by the person (name and date of birth) and matched with the record
staff-check-agreement = The person agrees, and knows that they can stop at any moment
staff-check-seizures = Never a seizure or loss of awareness, no photosensitivity
staff-check-implants = No pacemaker, neurostimulator or adjustable shunt valve near the headset's magnets
staff-check-scalp = No wound or infection of scalp, skin or eyes under the headset
staff-check-vertigo = No vertigo, migraine or nausea today
staff-check-senses = Sight and hearing sufficient, or aids in place (glasses, hearing aids, captions)
staff-check-hygiene = Headset cleaned, new liner, hands washed
staff-check-rest = The person does not drive within two hours, and does not go straight to treatment
staff-check-present = Someone stays beside the person for the whole session
staff-clearance-headset = The headset can be offered.
staff-clearance-window = Offer the window instead of the headset.
staff-clearance-not-now = Do not begin now.
staff-alert-call = The person is calling.
staff-alert-comfort = The headset needs adjusting.
staff-alert-discomfort = A little discomfort in the headset.
staff-alert-discomfort-stop = The person wants to stop: help to take the headset off.
staff-alert-talk = The person wants to talk to someone.
staff-alert-anxiety = Anxiety rose by 2 or more, or ends at 7 or more. Stay close to the person.
staff-next-steps = Next steps
staff-type-answer = Type the person's answer
