# Words of the panels themselves.
app-continue = Continue
app-choose = That is my choice
app-decline = I would rather not answer
app-pause = Pause
app-quieter = Quieter
app-stop = Stop
app-resume = Go on
app-repeat = See this step again
app-recentre = Bring it in front of me
app-recentre-view = Recentre the view
app-larger = Larger writing
app-call = Call the team
app-menu-title = Paused
app-menu-text = Take your time. Nothing moves.
app-over = The session is over
app-leave = Close
app-open-hint = Choose what suits you, or nothing at all.
app-dose = Physical dose, one session, simplified calculation
app-dose-max = at most { "" }
app-gy = Gy
app-skip = Next step
app-end = End
app-now = Now
app-next = Then
app-mirror = What the person sees
app-synthetic = Synthetic patient
app-paused = Paused
app-typed = Write for the person
app-keep = Keep

# An answer by voice
app-more = More answers
app-say = Say it
app-say-stop = That is all
app-say-listening = I am listening. Speak as you like, up to two minutes.
app-say-kept = Your voice is kept,
app-say-again = Say it again
app-say-drop = Do not keep
app-say-missing = No microphone here
app-say-failed = Could not be kept
# Staff write for the person
app-typed-shown = The team wrote:

# Marks on pictures
stamp-synthetic = SYNTHETIC
stamp-identifiable = IDENTIFIABLE PERSON · not for clinical decisions
