# What is said and captioned. One idea a line, at most twelve words a sentence, no variables:
# each line has its recording, which a department can replace with its own voice.

say-welcome-1 = Hello, and welcome. Take your time to look around you.
say-welcome-2 = You are going to see your proton session. Here it takes about nine minutes. The real session is longer.
say-welcome-3 = You stay in your chair. You decide. You can pause, or stop, at any moment.
say-welcome-4 = To answer, one button is enough. You can also look at an answer for a moment.
say-welcome-5 = Thank you. We can begin.

say-anxiety-before-1 = Before we go in, one question. How do you feel now?

say-corridor-1 = Each day, we ask your name and your date of birth. It is a check, for everyone.
say-corridor-2 = This is the team that goes with you. They welcome you, settle you and run the machine.
say-corridor-3 = Sometimes there is a short wait. Often, the team is checking the machine.
say-corridor-4-door = The door is thick. It opens wide in front of you.
say-corridor-4-maze = A short corridor turns, and then you are in the room.

say-room-1 = This is your room. The machine is large. It turns around you. It does not touch you.
say-room-2 = Most of the machine is behind the wall. You mainly see this arm. The beam comes out of the square end.
say-room-3 = The table is narrow and rather hard. A robot carries it and moves it gently.
say-room-4 = You can ask for a blanket, or a cushion under your knees.
say-room-5-music = Often there is music. You can bring your own music.
say-room-6 = Behind the wall, large magnets guide the protons to you.

say-mask-1 = Your own fitted mask was made for you. First, you look at it from the side.
say-mask-2 = The team puts the mask on. It feels snug on your forehead, nose and chin.
say-mask-3 = You hear the clips: one, two, three, four.
say-mask-4 = Air comes through the holes. You breathe as usual.
say-mask-5-hand = Under the mask, it is hard to speak. To call us, raise your hand.
say-mask-5-bulb = Under the mask, it is hard to speak. To call us, press the bulb.
say-mask-5-button = Under the mask, it is hard to speak. To call us, press the button.
say-mask-6 = As soon as you call, the team comes and opens the mask.
say-mask-7 = On some days it feels tighter. Tell us: the team can adjust it.

say-couch-1 = Now the table rises. Then it moves towards the machine.
say-couch-2 = Here, you watch it from outside. In real life, you feel it glide slowly.
say-couch-3 = Rest on the table. Breathe as usual.
say-couch-4 = The table stops when the place to treat is at the centre.
say-couch-5 = The machine turns around this centre. It is called the isocentre.

say-imaging-1 = The team goes next door. The door closes. We stay very near.
say-imaging-2 = Two panels come out. They take pictures, to place you well. The treatment comes after.
say-imaging-3 = The team compares these pictures with those of your scan.
say-imaging-4 = The table may move by a few millimetres. That is normal, and it is the aim.

say-alone-1 = Here is the team, on the other side of the wall. They see you all the time, by camera.
say-alone-2-heard = They speak to you through the intercom, and they hear you.
say-alone-2-seen = They speak to you through the intercom. Your sign takes the place of your voice.
say-alone-3-hand = If you raise your hand, we stop, and we come.
say-alone-3-bulb = If you press the bulb, we stop, and we come.
say-alone-3-button = If you press the button, we stop, and we come.
say-alone-4 = The beam is for you. The team works here every day, so they stay next door.
say-alone-5-queue = The beam serves several rooms. Your turn is coming. This wait is normal.

say-beam-on-1 = The machine turns slowly. You may hear a motor.
say-beam-on-2 = The beam is on. You feel nothing.
say-beam-on-3 = It works layer by layer. The deepest one comes first.
say-beam-on-4 = Here is your head, like frosted glass. The dose appears in colour.
say-beam-on-5 = Some people see a light, or notice a smell. Tell us afterwards.
say-beam-on-6 = Each layer has its own energy. The higher it is, the deeper the beam goes.
say-beam-on-7 = You can think of something else. Breathe as usual.

say-next-angle-1 = This beam is done. The machine turns towards the next one.
say-next-angle-2 = The sound comes back, and you still feel nothing.
say-next-angle-3 = All the beams are done.

say-mask-off-1 = It is finished. The door opens, and the team comes back to you.
say-mask-off-2 = The table goes down. The team takes the mask off.
say-mask-off-3 = You can sit up gently. The marks of the mask fade.
say-mask-off-4 = Nothing radioactive stays in you. You can hug the people you love.

say-anxiety-after-1 = One more question. How do you feel now?
say-anxiety-after-2 = Last question. Would you like to tell the team something?

say-calm-1 = Thank you for saying so. The team knows it now.
say-calm-2 = Put your feet on the floor. Feel your back against the chair.
say-calm-3 = Breathe at your own pace. Let your breath out a little longer.
say-calm-4 = Someone comes to talk with you right after this.

say-goodbye-1 = You have seen the whole session. Thank you.
say-goodbye-2 = Ask the team your questions: they are waiting for them.
say-goodbye-3 = You will now see the room you are in. Stay in your chair for five minutes.
say-goodbye-4 = Wait one or two hours before driving.

say-gentle-ending-1 = We are coming to the end for today. This is planned.
say-gentle-ending-2 = You can see the rest another time.

say-stop-here-1 = We stop here. Thank you for saying so.
say-stop-here-2 = Close your eyes if you like. The team helps you take the headset off.
