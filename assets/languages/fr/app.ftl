# Words of the panels themselves.
app-continue = Continuer
app-choose = C’est mon choix
app-decline = Je préfère ne pas répondre
app-pause = Pause
app-quieter = Moins fort
app-stop = Arrêter
app-resume = Reprendre
app-repeat = Revoir cette étape
app-recentre = Remettre face à moi
app-recentre-view = Recentrer la vue
app-larger = Écrire plus grand
app-call = Appeler l’équipe
app-menu-title = En pause
app-menu-text = Prenez votre temps. Rien ne bouge.
app-over = La séance est finie
app-leave = Fermer
app-open-hint = Choisissez ce qui vous convient, ou rien du tout.
app-dose = Dose physique, une séance, calcul simplifié
app-dose-max = au plus { "" }
app-gy = Gy
app-skip = Étape suivante
app-end = Terminer
app-now = En ce moment
app-next = Ensuite
app-mirror = Vue de la personne
app-synthetic = Patient synthétique
app-paused = En pause
app-typed = Noter pour la personne
app-keep = Garder

# Répondre de vive voix
app-more = D’autres réponses
app-say = Le dire
app-say-stop = C’est tout
app-say-listening = Je vous écoute. Parlez librement, deux minutes au plus.
app-say-kept = Votre voix est gardée,
app-say-again = Le redire
app-say-drop = Ne pas garder
app-say-missing = Pas de micro ici
app-say-failed = N’a pas pu être gardé
# L’équipe écrit pour la personne
app-typed-shown = L’équipe a écrit :

# Marks on pictures
stamp-synthetic = SYNTHÉTIQUE
stamp-identifiable = PERSONNE IDENTIFIABLE · pas pour une décision clinique
